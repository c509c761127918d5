import type {
  ChatClient,
  ChatSummary,
  ConnectionState,
  GroupInput,
  ParleyClient,
  ParleyClientOptions,
  ServiceStatus,
  User,
} from './api.ts'
import { createChatClient } from './chat-client.ts'
import { type Connection, createConnection, toConnectionState } from './connection/connection.ts'
import type { Socket } from './connection/socket.ts'
import { createTokenSource, readClaims } from './connection/token.ts'
import { ParleyError } from './errors.ts'
import { CREATE_GROUP, INBOX, SERVICE_STATUS, START_DIRECT_CHAT, VIEWER } from './graphql/documents.ts'
import { createRequest, type Request } from './graphql/http.ts'
import type { EventData, InboxData, SummaryData } from './graphql/responses.ts'
import { keepIdentity } from './lib/equal.ts'
import { randomId } from './lib/random-id.ts'
import { ValueStore } from './lib/value-store.ts'
import { Model } from './model/model.ts'
import { Outbox } from './outbox/outbox.ts'
import { createActivity } from './presence/activity.ts'
import { PresenceStores, PresenceWatch } from './presence/presence-watch.ts'
import { memoryStorage } from './storage/memory-storage.ts'
import { StateCache } from './storage/state-cache.ts'
import { createPositions, type Positions } from './sync/positions.ts'
import { createReadMarks } from './sync/read-marks.ts'
import { untilDone } from './sync/retry.ts'
import { Sync } from './sync/sync.ts'
import { joinTabs, type TabMessage, type Tabs } from './tabs/tabs.ts'

const DEFAULT_PAGE_SIZE = 30
/** In larger chats, receipts are neither sent to every member nor replayed. */
const LARGE_CHAT = 100
const NORMAL: ServiceStatus = { level: 'NORMAL', paused: [] }

/** Creates the client of one user on one device. Nothing connects before `start`. */
export function createParleyClient(options: ParleyClientOptions): ParleyClient {
  const { url, storage = memoryStorage(), pageSize = DEFAULT_PAGE_SIZE } = options
  const onError = options.onError ?? reportError
  const fetch = options.fetch ?? globalThis.fetch.bind(globalThis)
  const WebSocket = options.WebSocket ?? globalThis.WebSocket
  const closed = new AbortController()
  const { signal } = closed
  const tokens = createTokenSource(options.token)
  const request: Request = createRequest({ url, fetch, tokens })

  const connection = new ValueStore<ConnectionState>({ type: 'connecting' })
  const serviceStatus = new ValueStore<ServiceStatus>(NORMAL)
  const model = new Model((chatId, record) => {
    const quote = (id: string) => {
      const message = record?.messages.find((other) => other.id === id)
      return message === undefined ? null : { id, body: message.body, sender: model.user(message.senderId) }
    }
    return session?.outbox.unsentIn(chatId, record?.headSeq ?? 0, model.user(model.viewerId), quote) ?? []
  })
  const presences = new PresenceStores({ onWanted: (userIds) => session?.watch(userIds) })
  const activity = createActivity(request)
  const readMarks = createReadMarks({ request, signal, onError })
  const chatClients = new Map<string, ChatClient>()
  /** Exists from the moment that the user and the device are known. */
  let session: Session | undefined
  /** Chats that were opened before. */
  const openedEarly = new Set<string>()

  async function open(): Promise<Session> {
    const token = await tokens.current().catch((error: unknown) => {
      throw new ParleyError('UNAUTHENTICATED', 'The app could not provide a token.', { cause: error })
    })
    const { subject } = readClaims(token)
    const viewer = subject === undefined ? await readViewer() : undefined
    model.viewerId = viewer?.id ?? `user_${subject}`
    const prefix = `${model.viewerId}/`
    const deviceId = options.deviceId ?? (await storedDeviceId(prefix))
    const opened = createSession({ ...shared, prefix, deviceId })
    session = opened
    await Promise.all([opened.cache.load(), opened.outbox.load()])
    if (viewer !== undefined) noteViewer(viewer)
    else if (model.viewer.getSnapshot() === undefined)
      model.viewer.set(await storage.get<User>(`${prefix}viewer`))
    for (const chatId of openedEarly) opened.sync.chat(chatId).open()
    return opened
  }

  async function readViewer(): Promise<User> {
    return (await untilDone(() => request<{ viewer: User }>(VIEWER), signal)).viewer
  }

  function noteViewer(viewer: User): void {
    model.noteUser(viewer)
    model.viewer.set(keepIdentity(model.viewer.getSnapshot(), model.user(viewer.id)))
    storage.write(new Map([[`${model.viewerId}/viewer`, viewer]])).catch(onError)
  }

  async function storedDeviceId(prefix: string): Promise<string> {
    const key = `${prefix}device`
    const known = await storage.get<string>(key)
    if (known !== undefined) return known
    const created = randomId()
    await storage.write(new Map([[key, created]]))
    // Of two tabs that start at the same time, the later write counts.
    return (await storage.get<string>(key)) ?? created
  }

  const shared = {
    url: toWebSocketUrl(url),
    WebSocket,
    storage,
    pageSize,
    tokens,
    request,
    model,
    presences,
    activity,
    connection,
    serviceStatus,
    signal,
    onError,
    async refreshViewer() {
      noteViewer(await readViewer())
    },
  }

  async function start(): Promise<void> {
    opening = open()
    const opened = await opening
    opened.start()
    await new Promise<void>((resolve, reject) => {
      const check = (): void => {
        const state = connection.getSnapshot()
        if (signal.aborted) reject(new ParleyError('CLOSED', 'The client was closed.'))
        else if (state.type === 'signed-out') reject(new ParleyError('UNAUTHENTICATED', state.reason))
        else if (state.type === 'live') resolve()
        else return
        dispose()
      }
      const dispose = connection.subscribe(check)
      signal.addEventListener('abort', check)
      check()
    })
  }

  /** What needs the session waits until it is there. */
  function whenOpen(): Promise<Session> {
    return opening ?? Promise.reject(new ParleyError('NOT_STARTED', 'Call `start` first.'))
  }

  let opening: Promise<Session> | undefined
  let started: Promise<void> | undefined
  const client: ParleyClient = {
    start: () => (started ??= start()),
    async close() {
      if (signal.aborted) return
      closed.abort(new ParleyError('CLOSED', 'The client was closed.'))
      activity.dispose()
      model.dispose()
      await session?.stop()
      await storage.close()
    },
    connection,
    viewer: model.viewer,
    chats: model.chats,
    serviceStatus,
    totalUnread: model.totalUnread,
    chat(chatId) {
      const known = chatClients.get(chatId)
      if (known !== undefined) return known
      const created = createChatClient(chatId, {
        model,
        whenOpen,
        open: () => (session === undefined ? void openedEarly.add(chatId) : session.sync.chat(chatId).open()),
        activity,
        readMarks,
        request,
      })
      chatClients.set(chatId, created)
      return created
    },
    presence: (userId) => presences.get(userId),
    async startDirectChat(userId) {
      type Data = { startDirectChat: { chat: SummaryData } }
      const { startDirectChat } = await request<Data>(START_DIRECT_CHAT, { userId })
      return (await whenOpen()).adopt(startDirectChat.chat)
    },
    async createGroup(input: GroupInput) {
      type Data = { createGroup: { chat: SummaryData } }
      const variables = { input: { ...input, clientChatId: randomId() } }
      const { createGroup } = await untilDone(() => request<Data>(CREATE_GROUP, variables), signal)
      return (await whenOpen()).adopt(createGroup.chat)
    },
    noteActivity: () => activity.note(),
  }
  return client
}

type SessionOptions = Readonly<{
  url: string
  WebSocket: typeof globalThis.WebSocket
  storage: ReturnType<typeof memoryStorage>
  prefix: string
  deviceId: string
  pageSize: number
  tokens: ReturnType<typeof createTokenSource>
  request: Request
  model: Model
  presences: PresenceStores
  activity: ReturnType<typeof createActivity>
  connection: ValueStore<ConnectionState>
  serviceStatus: ValueStore<ServiceStatus>
  signal: AbortSignal
  onError(error: unknown): void
  refreshViewer(): Promise<void>
}>

type Session = ReturnType<typeof createSession>

/*
 * One user on one device, in one tab. The tab that leads holds the connection: it hands every item of the inbox to the
 * other tabs before it applies it, acknowledges positions and sends the outbox. A tab that follows does the same with
 * the items that it is handed, and queries its own snapshot over HTTP.
 */
function createSession(options: SessionOptions) {
  const { storage, prefix, deviceId, pageSize, request, model, presences, activity, signal, onError } =
    options
  const cache = new StateCache(storage, `${prefix}chat/`, model, onError)
  const positions: Positions = createPositions({ request, deviceId, signal, onError })
  const watchedByTab = new Map<string, readonly string[]>()
  const presenceWatch = new PresenceWatch((presence) => {
    tabs?.post({ type: 'presence', presence })
    presences.apply(presence)
  })
  let tabs: Tabs | undefined

  const outbox = new Outbox({
    storage,
    prefix: `${prefix}outbox/`,
    request,
    signal,
    onChanged: (chatId) => model.touch(chatId),
    onStored: () => tabs?.post({ type: 'outbox' }),
    onSent: (confirmed) => tabs?.post({ type: 'sent', confirmed }),
    onError,
  })

  const noteHead = (chatId: string, headSeq: number): void => {
    outbox.noteHead(chatId, headSeq)
    if (tabs?.isLeader() === true) positions.note(chatId, headSeq)
  }
  const sync = new Sync({
    model,
    request,
    pageSize,
    signal,
    onEvent(event: EventData) {
      if (event.message !== undefined && event.__typename === 'MessageSent') {
        model.setTyping(event.chat.id, event.message.sender, false)
        if (event.message.sender.id === model.viewerId) outbox.noteLogged(event.message.clientMessageId)
      }
      noteHead(event.chat.id, event.seq)
    },
    onHead: noteHead,
    onReset: () => positions.reset(),
    onError,
  })
  model.onChanged = (chatIds) => {
    if (tabs?.isLeader() === true && sync.isReady) cache.note(chatIds)
  }

  const link: Connection = createConnection({
    url: options.url,
    WebSocket: options.WebSocket,
    tokens: options.tokens,
    onOpened,
  })
  link.state.subscribe(() => {
    const state = toConnectionState(link.state.getSnapshot())
    options.connection.set(keepIdentity(options.connection.getSnapshot(), state))
    outbox.setSender(true, state.type === 'live' || state.type === 'catching-up')
    postState()
  })

  /** Everything that lives as long as one connection. */
  function onOpened(socket: Socket): () => void {
    let isOver = false
    const receive = (item: InboxData): void => {
      tabs?.post({ type: 'item', item })
      const wasReady = sync.isReady
      sync.receive(item)
      if (item.__typename === 'CaughtUp' || (item.__typename === 'InboxReset' && wasReady)) void catchUp()
    }
    const catchUp = async (): Promise<void> => {
      try {
        if (hasFollowed) await sync.verify()
        else await sync.catchUp()
        hasFollowed = false
        if (!isOver) link.noteCaughtUp()
      } catch (error) {
        if (!signal.aborted) onError(error)
      }
    }
    const inbox = { onData: ({ inbox: item }: { inbox: InboxData }) => receive(item), onEnd: restart }
    function restart(error: ParleyError | undefined): void {
      if (isOver || signal.aborted) return
      if (error !== undefined && !error.isRetryable) onError(error)
      restartTimer = setTimeout(
        () => socket.subscribe(INBOX, { deviceId }, inbox),
        error?.retryAfterMs ?? (error?.isRetryable === false ? 10_000 : 1_000),
      )
    }
    let restartTimer: ReturnType<typeof setTimeout> | undefined
    socket.subscribe(INBOX, { deviceId }, inbox)
    socket.subscribe(
      SERVICE_STATUS,
      {},
      {
        onData({ serviceStatus: { level, paused } }: Readonly<{ serviceStatus: ServiceStatus }>) {
          options.serviceStatus.set(keepIdentity(options.serviceStatus.getSnapshot(), { level, paused }))
          postState()
        },
        onEnd: () => undefined,
      },
    )
    presenceWatch.setSocket(socket)
    if (sync.isReady) sync.refreshLarge(LARGE_CHAT)
    options.refreshViewer().catch((error: unknown) => signal.aborted || onError(error))
    return () => {
      isOver = true
      clearTimeout(restartTimer)
      presenceWatch.setSocket(undefined)
      presences.forget()
      model.clearTyping()
    }
  }

  /** This tab has followed another one, and may have missed its last items. */
  let hasFollowed = false

  function follow(): void {
    hasFollowed = true
    sync.catchUp().catch((error: unknown) => signal.aborted || onError(error))
    tabs?.post({ type: 'hello' })
    tabs?.post({ type: 'watch', userIds: watchedHere })
  }

  let watchedHere: readonly string[] = []

  function watch(userIds: readonly string[]): void {
    watchedHere = userIds
    tabs?.post({ type: 'watch', userIds })
    watchAll()
  }

  function watchAll(): void {
    presenceWatch.want([...watchedHere, ...[...watchedByTab.values()].flat()])
  }

  function postState(): void {
    if (tabs?.isLeader() !== true) return
    const heads = new Map(model.ids().map((chatId) => [chatId, model.get(chatId)?.headSeq ?? 0]))
    const [state, status] = [options.connection.getSnapshot(), options.serviceStatus.getSnapshot()]
    tabs.post({ type: 'state', connection: state, status, heads })
  }

  function onMessage(message: TabMessage, fromTab: string): void {
    switch (message.type) {
      case 'hello':
        return postState()
      case 'watch':
        watchedByTab.set(fromTab, message.userIds)
        return watchAll()
      case 'bye':
        watchedByTab.delete(fromTab)
        return watchAll()
      case 'outbox':
        return void outbox.load().catch(onError)
      case 'sent':
        return outbox.noteSent(message.confirmed)
      default:
        if (tabs?.isLeader() !== true) fromLeader(message)
    }
  }

  function fromLeader(message: Extract<TabMessage, { type: 'item' | 'state' | 'presence' }>): void {
    switch (message.type) {
      case 'item': {
        sync.receive(message.item)
        const isReset = message.item.__typename === 'InboxReset'
        if (isReset) sync.catchUp().catch((error: unknown) => signal.aborted || onError(error))
        return
      }
      case 'presence':
        return presences.apply(message.presence)
      case 'state':
        return void takeState(message)
      default:
        return message satisfies never
    }
  }

  /** A follower is live once the leader is, and its own snapshot has what the leader has. */
  async function takeState({
    connection,
    status,
    heads,
  }: Extract<TabMessage, { type: 'state' }>): Promise<void> {
    options.serviceStatus.set(keepIdentity(options.serviceStatus.getSnapshot(), status))
    if (connection.type !== 'live') {
      presences.forget()
      options.connection.set(keepIdentity(options.connection.getSnapshot(), connection))
      return
    }
    try {
      await sync.catchUp()
      for (const [chatId, headSeq] of heads) sync.chat(chatId).expect(headSeq)
      if (tabs?.isLeader() !== true) options.connection.set(connection)
    } catch (error) {
      if (!signal.aborted) onError(error)
    }
  }

  const stopListening = listenToSurroundings(() => link.noteNetworkUp())

  return {
    sync,
    outbox,
    cache,
    watch,
    start() {
      tabs = joinTabs({
        name: storage.sharedName === undefined ? undefined : `parley:${storage.sharedName}:${deviceId}`,
        onLead() {
          link.start()
          // The tab that led before may have ended between a write and its news.
          outbox.load().catch(onError)
          watchAll()
        },
        onFollow: follow,
        onMessage,
      })
      options.refreshViewer().catch((error: unknown) => signal.aborted || onError(error))
    },
    /** Takes in a chat that a mutation has returned. */
    async adopt(data: SummaryData): Promise<ChatSummary> {
      if (model.get(data.id) === undefined) await sync.chat(data.id).release(data)
      return model.summary(data.id)
    },
    async stop(): Promise<void> {
      stopListening()
      link.stop()
      activity.dispose()
      await cache.flush()
      tabs?.close()
    },
  }
}

/** Calls when the browser has reason to believe that the network is back. */
function listenToSurroundings(onUp: () => void): () => void {
  const { window, document } = globalThis as Partial<Window & typeof globalThis>
  // React Native has a window, but no document.
  if (window === undefined || document === undefined) return () => undefined
  const onVisible = (): void => {
    if (document.visibilityState === 'visible') onUp()
  }
  window.addEventListener('online', onUp)
  document.addEventListener('visibilitychange', onVisible)
  return () => {
    window.removeEventListener('online', onUp)
    document.removeEventListener('visibilitychange', onVisible)
  }
}

function reportError(error: unknown): void {
  // oxlint-disable-next-line no-console -- the app has not said where failures go.
  console.error('Parley:', error)
}

function toWebSocketUrl(url: string): string {
  return url.replace(/^http/, 'ws')
}

import type {
  ChatClient,
  ConnectionState,
  GroupInput,
  ParleyClient,
  ParleyClientOptions,
  ServiceStatus,
  User,
} from './api.ts'
import { createChatClient } from './chat-client.ts'
import { createConnection } from './connection/connection.ts'
import type { Socket } from './connection/socket.ts'
import { createTokenSource, readClaims } from './connection/token.ts'
import { type Engine, ENGINE, type WithEngine } from './engine/engine.ts'
import { ParleyError } from './errors.ts'
import { CREATE_GROUP, START_DIRECT_CHAT, VIEWER } from './graphql/documents.ts'
import { createRequest } from './graphql/http.ts'
import type { SummaryData } from './graphql/responses.ts'
import { keepIdentity } from './lib/equal.ts'
import { randomId } from './lib/random-id.ts'
import { ValueStore } from './lib/value-store.ts'
import { Model } from './model/model.ts'
import { createActivity } from './presence/activity.ts'
import { PresenceStores } from './presence/presence-stores.ts'
import { createSession, type Session } from './session/session.ts'
import { memoryStorage } from './storage/memory-storage.ts'
import { createReadMarks } from './sync/read-marks.ts'
import { withRetries } from './sync/retry.ts'

const DEFAULT_PAGE_SIZE = 30
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
  const request = createRequest({ url, fetch, tokens })
  const requestWithRetries = withRetries(request, signal)

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
  const socket = new ValueStore<Socket | undefined>(undefined)
  const isFollowing = new ValueStore(false)
  const readMarks = createReadMarks({ request: requestWithRetries, signal, onError })
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
    await opened.load()
    if (viewer !== undefined) noteViewer(viewer)
    else if (model.viewer.getSnapshot() === undefined)
      model.viewer.set(await storage.get<User>(`${prefix}viewer`))
    for (const chatId of openedEarly) opened.sync.chat(chatId).open()
    opened.watch(presences.watched())
    return opened
  }

  function openChat(chatId: string): void {
    if (session === undefined) openedEarly.add(chatId)
    else session.sync.chat(chatId).open()
  }

  async function readViewer(): Promise<User> {
    return (await requestWithRetries<{ viewer: User }>(VIEWER)).viewer
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
    socket,
    isFollowing,
    requestWithRetries,
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
    const opened = await opening.catch((error: unknown) => {
      // Refused before there is a connection whose state could tell it.
      const isRefused = error instanceof ParleyError && error.code === 'UNAUTHENTICATED'
      if (isRefused) connection.set({ type: 'signed-out', reason: error.message })
      throw error
    })
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

  /** Resolves once the user and the device are known. Rejects before `start`. */
  function whenOpen(): Promise<Session> {
    return opening ?? Promise.reject(new ParleyError('NOT_STARTED', 'Call `start` first.'))
  }

  let opening: Promise<Session> | undefined
  let started: Promise<void> | undefined
  const engine: Engine = {
    model,
    presences,
    socket,
    isFollowing,
    createConnection: (onOpened) =>
      createConnection({ url: toWebSocketUrl(url), WebSocket, tokens, onOpened }),
    tokens,
    connection,
    signal,
    onError,
    isStarted: () => opening !== undefined,
    isReady: () => session?.sync.isReady === true,
    open: openChat,
    isOpen: (chatId) => session?.sync.chat(chatId).isOpen === true,
    whenOpen,
  }
  const client: ParleyClient & WithEngine = {
    [ENGINE]: engine,
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
        open: () => openChat(chatId),
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
      const { createGroup } = await requestWithRetries<Data>(CREATE_GROUP, variables)
      return (await whenOpen()).adopt(createGroup.chat)
    },
    noteActivity: () => activity.note(),
  }
  return client
}

function reportError(error: unknown): void {
  // oxlint-disable-next-line no-console -- the app has not said where failures go.
  console.error('Parley:', error)
}

function toWebSocketUrl(url: string): string {
  return url.replace(/^http/, 'ws')
}

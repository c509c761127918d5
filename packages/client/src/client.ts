import type { ChatClient, ChatSummary, GroupInput, ParleyClient, ParleyClientOptions } from './api.ts'
import { createChatClient } from './chat-client.ts'
import { toConnectionState } from './connection/connection.ts'
import { createTokenSource } from './connection/token.ts'
import { ENGINE, type Engine, type WithEngine } from './engine/engine.ts'
import { ParleyError, throwIfClosed } from './errors.ts'
import { CREATE_GROUP, START_DIRECT_CHAT } from './graphql/documents.ts'
import { createRequest } from './graphql/http.ts'
import type { SummaryData } from './graphql/responses.ts'
import { getOrCreate } from './lib/get-or-create.ts'
import { randomId } from './lib/random-id.ts'
import { ValueStore } from './lib/value-store.ts'
import { Model } from './model/model.ts'
import { createActivity } from './presence/activity.ts'
import { createPresenceStores } from './presence/presence-stores.ts'
import { identify, storedDeviceId } from './session/identity.ts'
import type { ClientParts } from './session/parts.ts'
import { createSession, type Session } from './session/session.ts'
import { until } from './session/until.ts'
import { memoryStorage } from './storage/memory-storage.ts'
import { createReadMarks } from './sync/read-marks.ts'
import { withRetries } from './sync/retry.ts'

const DEFAULT_PAGE_SIZE = 30
const NO_WEBSOCKET = 'Pass `WebSocket`.'

/** Creates the client of one user on one device. Nothing connects before `start`. */
export function createParleyClient(options: ParleyClientOptions): ParleyClient {
  const closed = new AbortController()
  const { signal } = closed
  const tokens = createTokenSource(options.token)
  const fetch = options.fetch ?? globalThis.fetch
  const request = createRequest({ url: options.url, fetch, tokens })
  const model = new Model((chat) => session?.outbox.unsentIn(chat, model.viewerId, model.user) ?? [])
  const parts: ClientParts = {
    url: options.url.replace(/^http/, 'ws'),
    WebSocket: options.WebSocket ?? globalThis.WebSocket,
    storage: options.storage ?? memoryStorage(),
    uploads: options.uploads,
    pageSize: options.pageSize ?? DEFAULT_PAGE_SIZE,
    tokens,
    request,
    requestWithRetries: withRetries(request, signal),
    model,
    presences: createPresenceStores((userIds) => session?.watch(userIds)),
    socket: new ValueStore(undefined),
    isFollowing: new ValueStore(false),
    connection: new ValueStore({ type: 'connecting' }),
    eventListeners: new Set(),
    serviceStatus: new ValueStore({ level: 'NORMAL', paused: [] }),
    signal,
    onError: options.onError ?? reportError,
  }
  const { storage, presences, connection, requestWithRetries } = parts
  const activity = createActivity(request)
  const readMarks = createReadMarks({ ...parts, request: requestWithRetries })
  const chatClients = new Map<string, ChatClient>()
  /** Chats that were opened before there was a session. */
  const openedEarly = new Set<string>()
  let opening: Promise<Session> | undefined
  let started: Promise<void> | undefined
  /** Exists from the moment that the user and the device are known. */
  let session: Session | undefined

  async function open(): Promise<Session> {
    if (typeof parts.WebSocket !== 'function') throw new Error(NO_WEBSOCKET)
    const prefix = await identify(parts)
    const deviceId = options.deviceId ?? (await storedDeviceId(storage, prefix))
    throwIfClosed(signal)
    const opened = createSession({ ...parts, prefix, deviceId })
    session = opened
    await opened.load()
    throwIfClosed(signal)
    for (const chatId of openedEarly) openChat(chatId)
    opened.watch(presences.watched())
    return opened
  }

  function openChat(chatId: string): void {
    if (session === undefined) openedEarly.add(chatId)
    else session.sync.chat(chatId).open()
  }

  async function start(): Promise<void> {
    opening = open()
    const opened = await opening.catch((error: unknown) => {
      // Rejected before there is a connection whose state could tell it.
      const isRejected = error instanceof ParleyError && error.code === 'UNAUTHENTICATED'
      if (isRejected) connection.set({ type: 'signed-out', reason: error.message })
      // A failure of the storage, for example. Callers such as the React provider have no use for it.
      else if (!signal.aborted) parts.onError(error)
      throw error
    })
    opened.start()
    await until(parts, ({ type }) => type === 'live' || type === 'signed-out')
    throwIfClosed(signal)
    const state = connection.getSnapshot()
    if (state.type === 'signed-out') throw new ParleyError('UNAUTHENTICATED', state.reason)
  }

  /** Resolves once the user and the device are known. Rejects before `start` and after `close`. */
  async function whenOpen(): Promise<Session> {
    throwIfClosed(signal)
    if (opening === undefined) throw new ParleyError('NOT_STARTED', 'Call `start` first.')
    return await opening
  }

  async function adopt(chat: SummaryData): Promise<ChatSummary> {
    return (await whenOpen()).adopt(chat)
  }

  const engine: Engine = {
    ...parts,
    isStarted: () => opening !== undefined,
    session: () => session,
    openChat,
    whenOpen,
  }
  const client: ParleyClient & WithEngine = {
    [ENGINE]: engine,
    start: () => (started ??= start()),
    async close() {
      if (signal.aborted) return
      closed.abort()
      connection.set(toConnectionState({ type: 'stopped' }))
      activity.dispose()
      await session?.stop()
      model.dispose()
      await storage.close()
    },
    connection,
    viewer: model.viewer,
    chats: model.chats,
    serviceStatus: parts.serviceStatus,
    totalUnread: model.totalUnread,
    chat: (chatId) =>
      getOrCreate(chatClients, chatId, () => createChatClient(chatId, engine, activity, readMarks)),
    presence: (userId) => presences.get(userId),
    async startDirectChat(userId) {
      type Data = { startDirectChat: { chat: SummaryData } }
      return adopt((await request<Data>(START_DIRECT_CHAT, { input: { userId } })).startDirectChat.chat)
    },
    async createGroup(group: GroupInput) {
      type Data = { createGroup: { chat: SummaryData } }
      const input = { ...group, clientChatId: randomId() }
      return adopt((await requestWithRetries<Data>(CREATE_GROUP, { input })).createGroup.chat)
    },
    noteActivity: () => activity.note(),
  }
  return client
}

function reportError(error: unknown): void {
  // oxlint-disable-next-line no-console -- the app has not said where failures go.
  console.error('Parley:', error)
}

import type { ParleyClient } from '../api.ts'
import type { Sink } from '../connection/socket.ts'
import type { ChatRecord } from '../model/records.ts'
import { until } from '../session/until.ts'
import { type Engine, engineOf } from './engine.ts'
import { createGraph, type Graph } from './graph.ts'
import { sendThroughOutbox } from './outbox-send.ts'
import { type Projection, Projector } from './projection.ts'
import { Subscriptions } from './subscriptions.ts'
import { CONNECTIONS, FIELDS, LOOKUPS } from './schema.ts'
import {
  argumentsOf,
  type Document,
  type GraphObject,
  type Operation,
  readOperation,
  type ReadField,
  rootFields,
  select,
  type Variables,
} from './select.ts'

/** Connects the engine of a client with a normalized cache. */
export type Bridge = Readonly<{
  /**
   * Answers a query from the engine, after loading the chats and the older messages that it asks for. Resolves to
   * undefined if the engine does not know a selected field; the query then goes to the server.
   */
  query(document: Document, variables?: Variables): Promise<object | undefined>
  /** Sends through the outbox if the mutation is `sendMessage`. Undefined otherwise: it goes to the server. */
  mutate(document: Document, variables?: Variables): Promise<object | undefined> | undefined
  /**
   * Takes in a response of the server that was written to the cache. The response may be older than what the engine
   * knows, so the chats in it are written again. Chats and messages that are new to the engine are loaded.
   */
  noteResponse(data: unknown): void
  /** The bearer token for a request to the server. */
  token(): Promise<string>
  /** Starts a subscription of the app on the connection of the inbox. It survives a lost connection. */
  subscribe(document: string, variables: Variables, sink: Sink<unknown>): () => void
  dispose(): void
}>

/** `write` is called with each projection, in order, and never while another call runs. */
export function createBridge(client: ParleyClient, write: (projection: Projection) => void): Bridge {
  const engine = engineOf(client)
  const { model, signal } = engine
  const graph = createGraph(engine)
  const projector = new Projector(engine, graph)
  const watchedUsers = new Map<string, () => void>()
  const disposed = new AbortController()
  const loads = createLoads(client, engine)
  const subscriptions = new Subscriptions(engine)

  function project(chatIds: Iterable<string>, userIds: Iterable<string> = []): void {
    if (!disposed.signal.aborted && !signal.aborted) write(projector.project(chatIds, userIds))
  }

  function watchPresence(userId: string): void {
    if (watchedUsers.has(userId)) return
    const store = client.presence(userId)
    watchedUsers.set(
      userId,
      store.subscribe(() => project([], [userId])),
    )
  }

  async function query(document: Document, variables?: Variables): Promise<object | undefined> {
    const operation = readOperation(document, variables)
    if (operation.type !== 'query' || !engine.isStarted() || !isKnownToGraph(operation)) return undefined
    const isOpen = await engine.whenOpen().then(
      () => true,
      () => false,
    )
    if (!isOpen) return undefined
    // A moment later the client knows more than the server would answer now.
    await until(engine, ({ type }) => type !== 'connecting' && type !== 'catching-up')
    const wanted = new Wanted()
    const first = answer(operation, graph, wanted)
    if (!wanted.isEmpty()) {
      // Without a connection the server cannot be asked either. The query waits, like a message in the outbox.
      await until(engine, ({ type }) => type === 'live' || type === 'signed-out')
      if (client.connection.getSnapshot().type !== 'live') return undefined
      await loads.load(wanted)
    }
    for (const chatId of wanted.shown) engine.openChat(chatId)
    const data = wanted.isEmpty() ? first : answer(operation, graph, new Wanted())
    if (data !== undefined) forEachObject(data, noteUser)
    return data
  }

  function noteUser(object: GraphObject): void {
    const { id, presence } = object
    if (object.__typename === 'User' && typeof id === 'string' && presence !== undefined && presence !== null)
      watchPresence(id)
  }

  function mutate(document: Document, variables?: Variables): Promise<object | undefined> | undefined {
    const operation = readOperation(document, variables)
    if (operation.type !== 'mutation' || !engine.isStarted()) return undefined
    const root = rootFields(operation, 'Mutation')
    const field = root.find(({ name }) => name?.value === 'sendMessage')
    // A document with several mutations runs on the server, in its order.
    if (field === undefined || root.length > 1) return undefined
    const { input } = argumentsOf(field, operation.variables)
    if (typeof input !== 'object' || input === null || !('clientMessageId' in input)) return undefined
    return sendThroughOutbox(engine, input as Variables).then((id) => {
      const message = graph.message(id)
      const payload = { __typename: 'SendMessagePayload', deduplicated: false, message }
      const known = { __typename: 'Mutation', sendMessage: payload }
      return message === undefined ? undefined : select(operation, known, readFrom(graph, new Wanted()))
    })
  }

  function noteResponse(data: unknown): void {
    const mentioned = new Set<string>()
    const wanted = new Wanted()
    forEachObject(data, (object) => {
      noteUser(object)
      notePages(object, wanted)
      const chatId = chatIdOf(object)
      if (chatId === undefined) return
      mentioned.add(chatId)
      if (model.get(chatId) === undefined) wanted.chats.add(chatId)
    })
    projector.forget(mentioned)
    project([...mentioned].filter((chatId) => model.get(chatId) !== undefined))
    if (wanted.isEmpty() || !engine.isStarted()) return
    loads.load(wanted).catch((error: unknown) => signal.aborted || engine.onError(error))
  }

  function chatIdOf({ __typename: type, id }: GraphObject): string | undefined {
    if (type === 'Chat') return typeof id === 'string' ? id : undefined
    if (type !== 'Message') return undefined
    return model.ids().find((chatId) => model.get(chatId)?.messages.some((message) => message.id === id))
  }

  const disposeWatch = model.watch((chatIds) => project(chatIds))
  const disposeViewer = client.viewer.subscribe(() => project([]))
  // The cache may still be under construction.
  queueMicrotask(() => project(model.ids()))

  return {
    query,
    mutate,
    noteResponse,
    token: () => engine.tokens.current(),
    subscribe: (document, variables, sink) => subscriptions.subscribe(document, variables, sink),
    dispose() {
      disposed.abort()
      subscriptions.dispose()
      disposeWatch()
      disposeViewer()
      for (const dispose of watchedUsers.values()) dispose()
    },
  }
}

/** Chats and messages to load before a query can be answered. */
class Wanted {
  readonly chats = new Set<string>()
  /** By chat, how many of its newest messages are wanted. */
  readonly pages = new Map<string, number>()
  /** By chat, the oldest seq that is wanted. */
  readonly seqs = new Map<string, number>()
  readonly older = new Set<string>()
  /** Chats whose lists are shown, so that they have to be kept up to date. Needs no waiting. */
  readonly shown = new Set<string>()

  isEmpty(): boolean {
    return this.chats.size + this.pages.size + this.seqs.size + this.older.size === 0
  }

  page(chatId: string, count: number): void {
    this.pages.set(chatId, Math.max(count, this.pages.get(chatId) ?? 0))
  }

  seq(chatId: string, seq: number): void {
    this.seqs.set(chatId, Math.min(seq, this.seqs.get(chatId) ?? Infinity))
  }
}

function createLoads(client: ParleyClient, { model, whenOpen }: Engine) {
  /** The chat stays open: its connections in the cache are kept up to date from here on. */
  async function open(chatId: string): Promise<void> {
    const chat = (await whenOpen()).sync.chat(chatId)
    chat.open()
    await chat.whenIdle()
  }

  /** Loads older pages until `isEnough`, or until there are no more. */
  async function loadUntil(chatId: string, isEnough: (record: ChatRecord) => boolean): Promise<void> {
    let before: ChatRecord['messages'] | undefined
    for (;;) {
      const record = model.get(chatId)
      const hasMore = record !== undefined && record.olderCursor !== null && record.messages !== before
      if (!hasMore || isEnough(record)) return
      before = record.messages
      await client.chat(chatId).loadOlder()
    }
  }

  return {
    async load({ chats, pages, seqs, older }: Wanted): Promise<void> {
      const { sync } = await whenOpen()
      for (const chatId of chats) sync.chat(chatId).expect(0)
      await Promise.all(
        [...pages].map(async ([chatId, count]) => {
          await open(chatId)
          await loadUntil(chatId, ({ messages }) => messages.length >= count)
        }),
      )
      for (const [chatId, seq] of seqs)
        await loadUntil(chatId, ({ messages }) => messages[0] !== undefined && messages[0].seq <= seq)
      for (const chatId of older) await client.chat(chatId).loadOlder()
    },
  }
}

const ROOT_FIELDS: ReadonlySet<string> = new Set([
  '__typename',
  'viewer',
  'chats',
  'node',
  ...LOOKUPS.map(([field]) => field),
])

function isKnownToGraph(operation: Operation): boolean {
  return rootFields(operation, 'Query').every(({ name }) => ROOT_FIELDS.has(name?.value ?? ''))
}

function answer(operation: Operation, graph: Graph, wanted: Wanted): object | undefined {
  return select(operation, { __typename: 'Query' }, readFrom(graph, wanted))
}

function readFrom(graph: Graph, wanted: Wanted): ReadField {
  return (object, field, args) => {
    const { __typename: type, id } = object
    if (type === 'Query') return readRoot(graph, wanted, field, args)
    if (typeof id !== 'string') return object[field]
    if (type === 'Chat' && isConnection(type, field)) wantItems(wanted, graph.chat(id), id, field, args)
    if (type === 'User' && field === 'presence') return graph.presence(id)
    if (field === 'thumbnailUrl' && args['maxEdge'] === 1280) return object['largeThumbnailUrl']
    // The object may stand for its entity, with a few fields only.
    return object[field] === undefined ? entity(graph, type, id)?.[field] : object[field]
  }
}

function isConnection(type: string, field: string): boolean {
  return CONNECTIONS.some(([parent, name]) => parent === type && name === field)
}

function readRoot(graph: Graph, wanted: Wanted, field: string, { id }: Variables): unknown {
  if (field === 'viewer') return graph.viewer()
  if (field === 'chats') return graph.chats()
  if (typeof id !== 'string') return undefined
  const types = field === 'node' ? ['Chat', 'Message', 'User'] : [FIELDS['Query']?.[field] ?? '']
  const found = types.map((type) => entity(graph, type, id)).find((object) => object !== undefined)
  if (found === undefined && field === 'chat') wanted.page(id, 0)
  return found
}

function entity(graph: Graph, type: string, id: string): GraphObject | undefined {
  if (type === 'Chat') return graph.chat(id)
  if (type === 'Message') return graph.message(id)
  return type === 'User' ? graph.user(id) : undefined
}

function wantItems(
  wanted: Wanted,
  chat: GraphObject | undefined,
  chatId: string,
  field: string,
  { last, before }: Variables,
): void {
  wanted.shown.add(chatId)
  if (chat?.[field] === undefined) return wanted.page(chatId, typeof last === 'number' ? last : 0)
  if (field !== 'messages') return
  const { edges, pageInfo } = chat[field] as Connection
  if (!pageInfo.hasPreviousPage) return
  if (typeof before === 'string') {
    if (before === pageInfo.startCursor) wanted.older.add(chatId)
  } else if (typeof last === 'number' && last > edges.length) wanted.page(chatId, last)
}

type Connection = Readonly<{
  edges: readonly unknown[]
  pageInfo: Readonly<{ hasPreviousPage: boolean; startCursor: string | null }>
}>

const CHAT_CONNECTIONS = new Set(
  CONNECTIONS.filter(([type]) => type === 'Chat').map(([type, field]) => FIELDS[type]?.[field]),
)

/** A response that holds a page of a chat makes the engine load that page as well. */
function notePages(chat: GraphObject, wanted: Wanted): void {
  const { id } = chat
  if (chat.__typename !== 'Chat' || typeof id !== 'string') return
  for (const value of Object.values(chat)) {
    const { __typename: type, edges } = (value ?? {}) as Partial<GraphObject>
    if (!CHAT_CONNECTIONS.has(type)) continue
    wanted.page(id, 0)
    for (const { node } of Array.isArray(edges) ? (edges as { node?: { seq?: unknown } }[]) : []) {
      if (typeof node?.seq === 'number') wanted.seq(id, node.seq)
    }
  }
}

function forEachObject(value: unknown, visit: (object: GraphObject) => void): void {
  if (Array.isArray(value)) for (const item of value) forEachObject(item, visit)
  else if (typeof value === 'object' && value !== null) {
    visit(value as GraphObject)
    for (const child of Object.values(value)) forEachObject(child, visit)
  }
}

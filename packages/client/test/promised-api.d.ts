/**
 * The promised public API of the client packages. Names, shapes and guarantees here are fixed; the packages may export
 * more. `api.test-d.ts` compares the packages with it.
 *
 *   @parley/client             createParleyClient, memoryStorage, types, graphql documents
 *   @parley/client/indexeddb   indexedDbStorage
 *   @parley/react   ParleyProvider, useConnection, useViewer, useChats, useChat, usePresence, useServiceStatus
 *   @parley/apollo             createParleyApollo: the same engine writing into the team's own Apollo cache
 *   @parley/urql               parleyExchange + parleyCacheConfig for graphcache
 *
 * Guarantees (each has a test that was seen failing):
 *   G1  No event is missed, applied twice or applied out of order, through lost connections, half-open sockets,
 *       gateway changes, token expiry, InboxReset (also after a restore), more than 100 chats, more than 500 positions.
 *   G2  A message passed to `send` is stored before `send` returns, survives a reload, and is sent exactly once, in the
 *       order of `send` calls per chat; it ends as sent, or as failed with the server's definite error.
 *   G3  State equals what a fresh query would return, after every event (the server's I13, on the client).
 *   G4  Several tabs share one inbox per device (Web Locks), and one of them takes over when the owner closes.
 *   G5  Unknown event types advance the position and are ignored.
 */

export interface ParleyClientOptions {
  /** `https://host/graphql`; the WebSocket URL is derived from it. */
  url: string
  /**
   * The bearer token, or a function that returns a fresh one: called at each connect and before the current one
   * expires.
   */
  token: string | (() => string | Promise<string>)
  /** Default: created once and kept in `storage`. */
  deviceId?: string
  /** Default: memoryStorage(), which forgets on reload. */
  storage?: ClientStorage
  /** Messages loaded per chat at start. Default 30. */
  pageSize?: number
  fetch?: typeof globalThis.fetch
  WebSocket?: typeof globalThis.WebSocket
  /** Unexpected failures, for the app's own reporting. Expected ones are state. */
  onError?: (error: unknown) => void
}

export function createParleyClient(options: ParleyClientOptions): ParleyClient
export function memoryStorage(): ClientStorage
export function indexedDbStorage(name?: string): ClientStorage

/** Snapshots are immutable and keep their identity while nothing changed, as useSyncExternalStore expects. */
export interface Store<Snapshot> {
  getSnapshot(): Snapshot
  subscribe(listener: () => void): () => void
}

export interface ParleyClient {
  /**
   * Opens storage and the inbox. Resolves once the client is live for the first time; rejects if the token is
   * refused.
   */
  start(): Promise<void>
  /** Ends everything. The outbox stays in storage. */
  close(): Promise<void>
  readonly connection: Store<ConnectionState>
  readonly viewer: Store<User | undefined>
  /** All chats, most recently active first. */
  readonly chats: Store<readonly ChatSummary[]>
  readonly serviceStatus: Store<ServiceStatus>
  /** Sum of unread counts of chats that are not muted. */
  readonly totalUnread: Store<number>
  chat(chatId: string): ChatClient
  presence(userId: string): Store<Presence>
  startDirectChat(userId: string): Promise<ChatSummary>
  createGroup(input: {
    title: string
    memberIds: readonly string[]
    messageTtlSeconds?: number
  }): Promise<ChatSummary>
  /**
   * Tells the server that the person is active; throttled. In browsers and React Native call it from input events.
   */
  noteActivity(): void
}

export type ConnectionState =
  | { type: 'connecting' }
  | { type: 'catching-up' }
  | { type: 'live' }
  | { type: 'offline'; retryAt: Date; reason: string }
  | { type: 'signed-out'; reason: string }

export interface ChatClient extends Store<ChatState> {
  readonly id: string
  /**
   * Queues a message and shows it at once with status 'pending'. Resolves when it is in storage, not when it is
   * sent.
   */
  send(input: OutgoingMessage): Promise<Message>
  /** Tries a failed message again, or drops it. */
  retry(clientMessageId: string): void
  discard(clientMessageId: string): void
  edit(messageId: string, body: string): Promise<void>
  remove(messageId: string): Promise<void>
  react(messageId: string, emoji: string, present: boolean): Promise<void>
  /** Marks everything up to `seq` (default: the newest) as read. */
  markRead(seq?: number): void
  /** Call on each keystroke; the client repeats and ends it as the protocol asks. */
  setTyping(typing: boolean): void
  /** Loads the next older page. Resolves to whether there is more. */
  loadOlder(): Promise<boolean>
  addMembers(userIds: readonly string[]): Promise<void>
  removeMember(userId: string): Promise<void>
  leave(): Promise<void>
}

export interface OutgoingMessage {
  body?: string
  replyToId?: string
  attachments?: readonly (Blob | File)[]
}

export interface ChatSummary {
  readonly id: string
  readonly kind: 'DIRECT' | 'GROUP'
  /** The group's title, or the other member's name. */
  readonly title: string
  readonly avatarUrl: string | null
  readonly lastMessage: Message | null
  readonly lastActivityAt: Date
  readonly unreadCount: number
  readonly typing: readonly User[]
}

export interface ChatState extends ChatSummary {
  readonly isLoaded: boolean
  readonly headSeq: number
  readonly members: readonly Member[]
  /** By seq; pending and failed ones of this device last. */
  readonly messages: readonly Message[]
  readonly hasOlder: boolean
  readonly messageTtlSeconds: number | null
}

export interface Message {
  /** Undefined until the server has stored it. */
  readonly id: string | undefined
  readonly seq: number | undefined
  readonly clientMessageId: string
  readonly sender: User
  readonly body: string | null
  readonly attachments: readonly Attachment[]
  readonly replyTo: { readonly id: string; readonly body: string | null; readonly sender: User } | null
  readonly reactions: readonly { readonly emoji: string; readonly users: readonly User[] }[]
  readonly sentAt: Date
  readonly editedAt: Date | null
  readonly deletedAt: Date | null
  readonly expiresAt: Date | null
  /** 'sent', 'delivered', 'read' are computed from the members' watermarks. */
  readonly status: 'pending' | 'failed' | 'sent' | 'delivered' | 'read'
  /** The server's definite error; only if status is 'failed'. */
  readonly error: { readonly code: string; readonly message: string } | undefined
  /** 0 to 1 while attachments upload. */
  readonly uploadProgress: number | undefined
}

export interface User {
  readonly id: string
  readonly name: string
  readonly avatarUrl: string | null
}
export interface Member {
  readonly user: User
  readonly role: 'OWNER' | 'ADMIN' | 'MEMBER'
  readonly deliveredSeq: number
  readonly readSeq: number
}
export interface Attachment {
  readonly id: string
  readonly kind: 'IMAGE' | 'VIDEO' | 'AUDIO' | 'FILE'
  readonly fileName: string
  readonly contentType: string
  readonly byteSize: number
  readonly width: number | null
  readonly height: number | null
  readonly thumbhash: string | null
  readonly url: string
  readonly thumbnailUrl: string | null
}
export type Presence =
  | { readonly type: 'online' }
  | { readonly type: 'offline'; readonly lastSeenAt: Date | null }
  | { readonly type: 'unknown'; readonly lastSeenAt: Date | null }
export interface ServiceStatus {
  readonly level: 'NORMAL' | 'BUSY' | 'ESSENTIAL'
  readonly paused: readonly string[]
}

/** Where a device keeps its id, state and outbox. Every method is atomic; values are structured-cloneable. */
export interface ClientStorage {
  get<Value>(key: string): Promise<Value | undefined>
  /** All or none of the changes. `undefined` deletes. */
  write(changes: ReadonlyMap<string, unknown>): Promise<void>
  keys(prefix: string): Promise<readonly string[]>
  close(): Promise<void>
}

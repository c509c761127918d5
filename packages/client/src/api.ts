/**
 * The public types of the client. Everything that an app sees is one of these: immutable snapshots in stores, and the
 * methods that change them.
 */
import type { JoinTabs } from './tabs/tabs.ts'
import type { OpenUploads } from './uploads/open-uploads.ts'

/** The server, the user, and the environment of a client. */
export type ParleyClientOptions = Readonly<{
  /** The GraphQL endpoint, such as `https://chat.example.com/graphql`. The WebSocket URL is derived from it. */
  url: string
  /**
   * The bearer token of the user, or a function that returns a fresh one. The function is called at each connect and
   * again before the current token expires. A thrown error counts as a lost connection,
   * and the function is called again later. To sign the client out, throw a `ParleyError`.
   */
  token: string | (() => string | Promise<string>)
  /** Identifies this device to the server, 1 to 64 characters. Default: created once and kept in `storage`. */
  deviceId?: string
  /** Where the device keeps its id, its state and its outbox. Default: `memoryStorage()`, which forgets on reload. */
  storage?: ClientStorage
  /** Uploads the attachments of messages: `fileUploads()` of `@parley/client/uploads`. Default: there are none. */
  uploads?: OpenUploads
  /** Messages loaded per chat when it is opened and per older page, 1 to 100. Default: 30. */
  pageSize?: number
  /** Default: the global `fetch`. */
  fetch?: typeof globalThis.fetch
  /** Default: the global `WebSocket`. */
  WebSocket?: typeof globalThis.WebSocket
  /** Called with unexpected failures, for the app's own reporting. Expected failures are part of the state. */
  onError?: (error: unknown) => void
}>

/** A value that changes. Snapshots keep their identity while nothing changes, as `useSyncExternalStore` expects. */
export type Store<Snapshot> = Readonly<{
  /** Returns the present value. */
  getSnapshot(): Snapshot
  /** Calls the listener after each change until the returned function is called. */
  subscribe(listener: () => void): () => void
}>

/** One signed-in user on one device. */
export type ParleyClient = Readonly<{
  /**
   * Opens storage and the inbox. Resolves once the client is live for the first time. Rejects if the server rejects the
   * token.
   */
  start(): Promise<void>
  /** Ends all activity. The outbox stays in storage. */
  close(): Promise<void>
  /** Whether the client is up to date, and if not, why. */
  connection: Store<ConnectionState>
  /** The user of the token. Undefined until the server or storage has told. */
  viewer: Store<User | undefined>
  /** All chats, the most recently active first. */
  chats: Store<readonly ChatSummary[]>
  /** The features that the server has paused under load. */
  serviceStatus: Store<ServiceStatus>
  /** Sum of the unread counts of the chats that are not muted. */
  totalUnread: Store<number>
  /** Returns the chat with this id, and loads it when it is first used. The same id returns the same object. */
  chat(chatId: string): ChatClient
  /** Returns the presence of a user who shares a chat with the viewer. It is watched while it has listeners. */
  presence(userId: string): Store<Presence>
  /** Returns the direct chat with another user, and creates it if necessary. Rejects with a `ParleyError`. */
  startDirectChat(userId: string): Promise<ChatSummary>
  /** Creates a group with the viewer as its owner. Rejects with a `ParleyError`. */
  createGroup(input: GroupInput): Promise<ChatSummary>
  /** Tells the server that the user is active. Throttled, so an app can call it from every input event. */
  noteActivity(): void
}>

/** A group to create. */
export type GroupInput = Readonly<{
  /** 1 to 255 characters. */
  title: string
  /** Users to add besides the viewer. Each must have signed in once. */
  memberIds: readonly string[]
  /** Lifetime of messages in seconds. Default: messages are kept permanently. */
  messageTtlSeconds?: number
}>

/** Whether the client is up to date, and if not, why. */
export type ConnectionState =
  /** A connection is being opened. */
  | { readonly type: 'connecting' }
  /** Connected; what was missed is being read. */
  | { readonly type: 'catching-up' }
  /** Connected and up to date. */
  | { readonly type: 'live' }
  /** Not connected. The next attempt starts at `retryAt`, or earlier when the network returns. */
  | { readonly type: 'offline'; readonly retryAt: Date; readonly reason: string }
  /** The server rejects the token, the app could not provide one, or it has closed the client. No attempt follows. */
  | { readonly type: 'signed-out'; readonly reason: string }

/** One chat. */
export type ChatClient = Store<ChatState> &
  Readonly<{
    id: string
    /** Queues a message and shows it at once as pending. Resolves when it is in storage, not when it is sent. */
    send(input: OutgoingMessage): Promise<Message>
    /** Sends a failed message again. */
    retry(clientMessageId: string): void
    /** Drops a failed message, or a pending one that is not being sent yet. */
    discard(clientMessageId: string): void
    /** Changes the body of a message of the viewer. Rejects with a `ParleyError`. */
    edit(messageId: string, body: string): Promise<void>
    /** Deletes a message of the viewer. Rejects with a `ParleyError`. */
    remove(messageId: string): Promise<void>
    /** Adds or removes a reaction of the viewer. Rejects with a `ParleyError`. */
    react(messageId: string, emoji: string, present: boolean): Promise<void>
    /** Marks everything up to `seq` as read. Default: the newest event. */
    markRead(seq?: number): void
    /** Call it on each keystroke with `true`. The client repeats it and ends it as the protocol asks. */
    setTyping(typing: boolean): void
    /** Loads the next older page. Resolves to whether there is more. */
    loadOlder(): Promise<boolean>
    /** Adds users to a group. Rejects with a `ParleyError`. */
    addMembers(userIds: readonly string[]): Promise<void>
    /** Removes a member from a group. Rejects with a `ParleyError`. */
    removeMember(userId: string): Promise<void>
    /** Assigns a role to a member of a group. Rejects with a `ParleyError`. */
    setRole(userId: string, role: MemberRole): Promise<void>
    /** Changes the title or the message lifetime. Rejects with a `ParleyError`. */
    update(changes: ChatChanges): Promise<void>
    /** Leaves a group. Rejects with a `ParleyError`. */
    leave(): Promise<void>
  }>

/** Fields of a chat to change. A field that is left out stays as it is. */
export type ChatChanges = Readonly<{
  title?: string
  /** In seconds; 0 keeps messages permanently. */
  messageTtlSeconds?: number
}>

/** A message to send: a body, attachments, or both. */
export type OutgoingMessage = Readonly<{
  /** 1 to 8,192 characters. */
  body?: string
  /** A message of the same chat. */
  replyToId?: string
  /** At most 10. They need the option `uploads`, and a server with the feature `uploads`. */
  attachments?: readonly (Blob | File)[]
}>

/** A chat as a list of chats shows it. */
export type ChatSummary = Readonly<{
  id: string
  kind: ChatKind
  /** The title of the group, or the name of the other member. */
  title: string
  avatarUrl: string | null
  lastMessage: Message | null
  /** The newest message of this device that the log does not hold yet: pending or failed. Null if there is none. */
  newestUnsent: Message | null
  lastActivityAt: Date
  /** At most 999. */
  unreadCount: number
  /** Set while the viewer gets no push messages about this chat. `until` is null if that does not end. */
  muting: { readonly until: Date | null } | null
  /** Other members who are typing. */
  typing: readonly User[]
  /** The other member of a direct chat. Undefined in a group. */
  otherUser: User | undefined
  /** False once the viewer has left the group. */
  isMember: boolean
  /** Number of present members. */
  memberCount: number
}>

/** A chat as its own screen shows it. */
export type ChatState = ChatSummary &
  Readonly<{
    /** False until the first page of messages and all members are loaded. */
    isLoaded: boolean
    /** Seq of the newest event. */
    headSeq: number
    /** The present members. Only the viewer, once they have left. */
    members: readonly Member[]
    /** By seq; then the pending and failed messages of this device, in the order of `send`. */
    messages: readonly Message[]
    /** Whether `loadOlder` has more to load. */
    hasOlder: boolean
    /** Lifetime of new messages in seconds, or null. */
    messageTtlSeconds: number | null
  }>

export type ChatKind = 'DIRECT' | 'GROUP'
export type MemberRole = 'OWNER' | 'ADMIN' | 'MEMBER'
export type MessageStatus = 'pending' | 'failed' | 'sent' | 'delivered' | 'read'

/** SYSTEM: the product sent it in its own name. Show it as a line of its own. It is never unread. */
export type MessageKind = 'USER' | 'SYSTEM'

/** A message as the screen shows it. */
export type Message = Readonly<{
  /** Undefined until the server has stored the message. */
  id: string | undefined
  /** Undefined until the server has stored the message. */
  seq: number | undefined
  kind: MessageKind
  clientMessageId: string
  sender: User
  /** Null if the message is deleted or expired, or has only attachments. */
  body: string | null
  attachments: readonly Attachment[]
  replyTo: QuotedMessage | null
  reactions: readonly Reaction[]
  sentAt: Date
  editedAt: Date | null
  deletedAt: Date | null
  expiresAt: Date | null
  /** `sent`, `delivered` and `read` are computed from the watermarks of the other members. */
  status: MessageStatus
  /** The server's definite error. Set only if `status` is `failed`. */
  error: { readonly code: string; readonly message: string } | undefined
  /** 0 to 1 while attachments upload. */
  uploadProgress: number | undefined
}>

/** The message that another one replies to. */
export type QuotedMessage = Readonly<{
  id: string
  body: string | null
  sender: User
}>

/** All reactions to a message with the same emoji. */
export type Reaction = Readonly<{
  emoji: string
  users: readonly User[]
}>

export type User = Readonly<{
  id: string
  name: string
  avatarUrl: string | null
}>

export type Member = Readonly<{
  user: User
  role: MemberRole
  deliveredSeq: number
  readSeq: number
}>

export type Attachment = Readonly<{
  id: string
  kind: 'IMAGE' | 'VIDEO' | 'AUDIO' | 'FILE'
  fileName: string
  /** Describes the file in words of its sender: for the `alt` of a picture. Null if there are none. */
  altText: string | null
  contentType: string
  byteSize: number
  width: number | null
  height: number | null
  /** Placeholder in base64. See the package thumbhash. */
  thumbhash: string | null
  /** Needs no token. An address of this device while the file uploads. */
  url: string
  /** At most 320 pixels wide and high. Null if there is none. */
  thumbnailUrl: string | null
  /** At most 1,280 pixels wide and high. */
  largeThumbnailUrl: string | null
  /** When the addresses expire, in RFC 3339. `attachmentStore` of `@parley/client/uploads` renews them. */
  urlExpiresAt: string
}>

/** Whether a user is online. `unknown` is neither online nor offline: show no dot. */
export type Presence =
  | { readonly type: 'online' }
  | { readonly type: 'offline'; readonly lastSeenAt: Date | null }
  | { readonly type: 'unknown'; readonly lastSeenAt: Date | null }

/** The features that the server has paused under load. */
export type ServiceStatus = Readonly<{
  level: 'NORMAL' | 'BUSY' | 'ESSENTIAL'
  /** Names of the paused features. Ignore unknown names. */
  paused: readonly string[]
}>

/** Where a device keeps its id, state and outbox. Each method is atomic. Values are structured-cloneable. */
export type ClientStorage = Readonly<{
  get<Value>(key: string): Promise<Value | undefined>
  /** Makes all of the changes or none. `undefined` deletes a key. */
  write(changes: ReadonlyMap<string, unknown>): Promise<void>
  /** Returns the keys that start with `prefix`, in ascending order. */
  keys(prefix: string): Promise<readonly string[]>
  close(): Promise<void>
  /** Set if several tabs share this storage: they agree on one that holds the inbox and sends the outbox. */
  joinTabs?: JoinTabs
  /** Runs work while no other tab that shares this storage runs any. Set together with `joinTabs`. */
  exclusively?: (work: () => Promise<void>) => Promise<void>
}>

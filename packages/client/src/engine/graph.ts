import type { ChatState, Member, Message, User } from '../api.ts'
import type { ChatRecord } from '../model/records.ts'
import type { PresenceData } from '../presence/presence-watch.ts'
import type { Engine } from './engine.ts'
import { FIELDS } from './schema.ts'
import type { GraphObject } from './select.ts'

/** The state of the engine as objects of the GraphQL schema. An object that did not change keeps its identity. */
export type Graph = Readonly<{
  viewer(): GraphObject | undefined
  /** Undefined if the chat is not known. Without `messages` and `members` until these are loaded. */
  chat(chatId: string): GraphObject | undefined
  /** Undefined unless the message is one of the loaded ones. */
  message(messageId: string): GraphObject | undefined
  /** The loaded messages of a chat, and its newest one. */
  messagesOf(chatId: string): readonly GraphObject[]
  user(userId: string): GraphObject | undefined
  /** Undefined until the server has said something of a user whose presence is watched. */
  presence(userId: string): GraphObject | undefined
  /** All chats as one connection. Undefined until they are known. */
  chats(): GraphObject | undefined
}>

function embed(parent: string, field: string, value: object): GraphObject {
  return { ...value, __typename: FIELDS[parent]?.[field] ?? '' }
}

export function createGraph({ model, presences, session }: Engine): Graph {
  const messageObjects = new WeakMap<Message, GraphObject>()
  const chatObjects = new Map<
    string,
    Readonly<{ record: ChatRecord; state: ChatState; object: GraphObject }>
  >()

  function message(chatId: string, shown: Message): GraphObject {
    const known = messageObjects.get(shown)
    if (known !== undefined) return known
    const created = toMessage(chatId, shown)
    messageObjects.set(shown, created)
    return created
  }

  function stateOf(chatId: string): ChatState | undefined {
    return model.get(chatId) === undefined ? undefined : model.state(chatId).getSnapshot()
  }

  /** Messages of the outbox are not part of the graph. */
  function logged(chatId: string, { messages, headSeq }: ChatState): readonly GraphObject[] {
    return messages
      .filter(({ seq }) => seq !== undefined && seq <= headSeq)
      .map((shown) => message(chatId, shown))
  }

  function chat(chatId: string): GraphObject | undefined {
    const record = model.get(chatId)
    if (record === undefined) return undefined
    const state = model.state(chatId).getSnapshot()
    const known = chatObjects.get(chatId)
    if (known?.record === record && known.state === state) return known.object
    const show: ShowMessage = (shown) => message(chatId, shown)
    const object = toChat(record, state, model.viewerId, logged(chatId, state), show)
    chatObjects.set(chatId, { record, state, object })
    return object
  }

  function messagesOf(chatId: string): readonly GraphObject[] {
    const state = stateOf(chatId)
    if (state === undefined) return []
    const { lastMessage } = state
    const last = lastMessage === null ? [] : [message(chatId, lastMessage)]
    return [...new Set([...logged(chatId, state), ...last])]
  }

  return {
    viewer() {
      const viewer = model.viewer.getSnapshot()
      return viewer === undefined ? undefined : toUser(viewer)
    },
    chat,
    message(messageId) {
      for (const chatId of model.ids()) {
        const found = messagesOf(chatId).find(({ id }) => id === messageId)
        if (found !== undefined) return found
      }
      return undefined
    },
    messagesOf,
    user(userId) {
      const user = model.users().get(userId)
      return user === undefined ? undefined : toUser(user)
    },
    presence(userId) {
      const newest = presences.newest(userId)
      return newest === undefined ? undefined : toPresence(model.user(userId), newest)
    },
    chats() {
      const known = model.chats.getSnapshot()
      if (session()?.sync.isReady() !== true && known.length === 0) return undefined
      const objects = known.flatMap(({ id }) => chat(id) ?? [])
      return connection('Query', 'chats', objects, null)
    },
  }
}

type ShowMessage = (shown: Message) => GraphObject

function toChat(
  record: ChatRecord,
  state: ChatState,
  viewerId: string,
  messages: readonly GraphObject[],
  show: ShowMessage,
): GraphObject {
  const { id, kind, title, headSeq, createdAt, lastActivityAt, messageTtlSeconds, memberCount } = record
  const members = state.members.map((member) => toMember(record, member, viewerId))
  const viewerMember = members.find(({ user }) => (user as User).id === viewerId)
  return {
    __typename: 'Chat',
    id,
    kind,
    title,
    headSeq,
    createdAt,
    lastActivityAt,
    messageTtlSeconds,
    memberCount,
    unreadCount: state.unreadCount,
    lastMessage: state.lastMessage === null ? null : show(state.lastMessage),
    ...(viewerMember !== undefined && { viewerMember }),
    ...(record.hasAllMembers && { members: connection('Chat', 'members', members, null) }),
    ...(record.isLoaded && { messages: connection('Chat', 'messages', messages, record.olderCursor) }),
  }
}

/** `olderCursor` is the server's cursor of the first item if there are items before it. */
function connection(
  parent: string,
  field: string,
  nodes: readonly GraphObject[],
  olderCursor: string | null,
): GraphObject {
  const type = FIELDS[parent]?.[field] ?? ''
  const edges = nodes.map((node, index) => {
    const cursor = index === 0 && olderCursor !== null ? olderCursor : node['id']
    return embed(type, 'edges', { cursor, node })
  })
  const pageInfo = embed(type, 'pageInfo', {
    hasNextPage: false,
    hasPreviousPage: olderCursor !== null,
    startCursor: edges[0]?.['cursor'] ?? null,
    endCursor: edges.at(-1)?.['cursor'] ?? null,
  })
  return embed(parent, field, { edges, pageInfo })
}

function toMember(record: ChatRecord, member: Member, viewerId: string): GraphObject {
  const { user, role, deliveredSeq, readSeq } = member
  const joinedAt = record.members[user.id]?.joinedAt
  return {
    __typename: 'ChatMember',
    id: memberId(record.id, user.id),
    user: toUser(user),
    role,
    ...(joinedAt !== undefined && { joinedAt }),
    leftAt: user.id === viewerId ? record.leftAt : null,
    deliveredSeq,
    readSeq,
  }
}

/** `member_<chat uuid>_<subject>`, as schema.graphql defines it. */
function memberId(chatId: string, userId: string): string {
  return `${chatId.replace(/^chat_/, 'member_')}_${userId.replace(/^user_/, '')}`
}

function toMessage(chatId: string, shown: Message): GraphObject {
  const { id, seq, kind, clientMessageId, sender, body, replyTo } = shown
  return {
    __typename: 'Message',
    id,
    seq,
    kind,
    clientMessageId,
    chat: { __typename: 'Chat', id: chatId },
    sender: toUser(sender),
    body,
    attachments: shown.attachments.map((attachment) => ({ ...attachment, __typename: 'Attachment' })),
    replyTo:
      replyTo === null
        ? null
        : { __typename: 'Message', id: replyTo.id, body: replyTo.body, sender: toUser(replyTo.sender) },
    reactions: shown.reactions.map(({ emoji, users }) =>
      embed('Message', 'reactions', { emoji, users: users.map(toUser) }),
    ),
    sentAt: shown.sentAt.toISOString(),
    editedAt: shown.editedAt?.toISOString() ?? null,
    deletedAt: shown.deletedAt?.toISOString() ?? null,
    expiresAt: shown.expiresAt?.toISOString() ?? null,
    status: shown.status.toUpperCase(),
  }
}

function toUser({ id, name, avatarUrl }: User): GraphObject {
  return { __typename: 'User', id, name, avatarUrl }
}

function toPresence(user: User, { online, lastSeenAt }: PresenceData): GraphObject {
  return embed('User', 'presence', { user: toUser(user), online, lastSeenAt })
}

import type { Member } from '../api.ts'
import type { Engine } from './engine.ts'
import type { Graph } from './graph.ts'
import { FIELDS } from './schema.ts'
import type { GraphObject } from './select.ts'

/** Data to write into a normalized cache, as the response to `PROJECTION`. */
export type Projection = Readonly<{
  variables: Readonly<{ hasList: boolean; hasViewer: boolean }>
  data: Readonly<Record<string, unknown>>
  /** Chats that the viewer can no longer see. */
  removedChatIds: readonly string[]
}>

/** Selects the fields of a type that both the schema and the graph have. */
function fields(type: string, names: readonly string[]): string {
  return names.filter((name) => FIELDS[type]?.[name] !== undefined).join(' ')
}

/** The ids are constants: each alias has a field of its own in the cache, which the next write replaces. */
function list(name: string, type: string, selection: string): string {
  return `${name}:nodes(ids:["parley-${name}"]){__typename ...on ${type}{id ${selection}}}`
}

const USER = `{__typename ${fields('User', ['id', 'name', 'avatarUrl'])}}`
const PAGE_INFO = 'pageInfo{__typename hasNextPage hasPreviousPage startCursor endCursor}'
const MEMBER = `{__typename ${fields('ChatMember', [
  'id',
  'role',
  'joinedAt',
  'leftAt',
  'deliveredSeq',
  'readSeq',
])} user${USER}}`
const CHAT_FIELDS = [
  'kind',
  'title',
  'headSeq',
  'createdAt',
  'lastActivityAt',
  'messageTtlSeconds',
  'memberCount',
  'unreadCount',
]
const MESSAGE_FIELDS = [
  'seq',
  'kind',
  'clientMessageId',
  'body',
  'sentAt',
  'editedAt',
  'deletedAt',
  'expiresAt',
  'status',
]
const ATTACHMENT = `{__typename ${fields('Attachment', [
  'id',
  'kind',
  'fileName',
  'altText',
  'contentType',
  'byteSize',
  'width',
  'height',
  'thumbhash',
  'url',
  'thumbnailUrl',
  'urlExpiresAt',
])} largeThumbnailUrl:thumbnailUrl(maxEdge:1280)}`

/** The document of every projection. Connections name their items by id; the items are written by themselves. */
export const PROJECTION = `query ParleyProjection($hasList:Boolean!,$hasViewer:Boolean!){
viewer @include(if:$hasViewer)${USER}
chats @include(if:$hasList){__typename edges{__typename cursor node{__typename id}} ${PAGE_INFO}}
${list('summaries', 'Chat', `${fields('Chat', CHAT_FIELDS)} viewerMember${MEMBER} lastMessage{__typename id}`)}
${list('memberLists', 'Chat', `members{__typename edges{__typename cursor node${MEMBER}} ${PAGE_INFO}}`)}
${list('messageLists', 'Chat', `messages{__typename edges{__typename cursor node{__typename id}} ${PAGE_INFO}}`)}
${list(
  'messages',
  'Message',
  `${fields('Message', MESSAGE_FIELDS)} chat{__typename id} sender${USER} attachments${ATTACHMENT}
replyTo{__typename id body sender${USER}} reactions{__typename emoji users${USER}}`,
)}
${list('presences', 'User', 'presence{__typename user{__typename id} online lastSeenAt}')}
}`

type Written = Readonly<{
  members: readonly Member[] | undefined
  messageIds: readonly unknown[] | undefined
}>

/**
 * Turns changes of the engine into projections for one cache. A projection holds only what differs from earlier ones,
 * so that an event of a long chat costs a few writes. Writing a projection again changes nothing.
 */
export class Projector {
  readonly #engine: Engine
  readonly #graph: Graph
  readonly #written = new Map<string, Written>()
  #messages = new WeakSet<GraphObject>()
  #list: readonly unknown[] | undefined
  #viewer: unknown

  constructor(engine: Engine, graph: Graph) {
    this.#engine = engine
    this.#graph = graph
  }

  /** Writes the chats in full next time: the cache may hold another state of them. */
  forget(chatIds: Iterable<string>): void {
    for (const chatId of chatIds) {
      this.#written.delete(chatId)
      for (const message of this.#graph.messagesOf(chatId)) this.#messages.delete(message)
    }
    this.#list = undefined
  }

  /** Writes everything next time. */
  forgetAll(): void {
    this.#written.clear()
    this.#messages = new WeakSet()
    this.#list = undefined
    this.#viewer = undefined
  }

  /** Returns the writes that follow from changes of these chats, and of the presence of these users. */
  project(chatIds: Iterable<string>, userIds: Iterable<string> = []): Projection {
    const chats = [...chatIds]
    const known = chats.flatMap((chatId) => this.#graph.chat(chatId) ?? [])
    // The lists of other chats are not kept up to date.
    const open = known.filter(
      ({ id }) =>
        this.#engine
          .session()
          ?.sync.chat(id as string)
          .isOpen() === true,
    )
    const memberLists = open.filter((chat) => chat['members'] !== undefined && this.#isNewMembers(chat))
    const messageLists = open.filter((chat) => chat['messages'] !== undefined && this.#isNewMessages(chat))
    const messages = chats.flatMap((chatId) => this.#newMessages(chatId))
    for (const chat of open) this.#noteWritten(chat)
    const list = this.#newList()
    const viewer = this.#newViewer()
    return {
      variables: { hasList: list !== undefined, hasViewer: viewer !== undefined },
      data: {
        __typename: 'Query',
        ...(viewer !== undefined && { viewer }),
        ...(list !== undefined && { chats: list }),
        summaries: known,
        memberLists,
        messageLists,
        messages,
        presences: [...userIds].flatMap((id) => {
          const presence = this.#graph.presence(id)
          return presence === undefined ? [] : [{ __typename: 'User', id, presence }]
        }),
      },
      removedChatIds: chats.filter((chatId) => this.#engine.model.get(chatId) === undefined),
    }
  }

  #isNewMembers(chat: GraphObject): boolean {
    const chatId = chat['id'] as string
    return this.#written.get(chatId)?.members !== this.#members(chatId)
  }

  #isNewMessages(chat: GraphObject): boolean {
    const before = this.#written.get(chat['id'] as string)?.messageIds
    const after = idsOf(chat['messages'])
    return before?.length !== after.length || before.some((id, index) => id !== after[index])
  }

  #newMessages(chatId: string): readonly GraphObject[] {
    const messages = this.#graph.messagesOf(chatId).filter((message) => !this.#messages.has(message))
    for (const message of messages) this.#messages.add(message)
    return messages
  }

  #noteWritten(chat: GraphObject): void {
    const chatId = chat['id'] as string
    const messageIds = chat['messages'] === undefined ? undefined : idsOf(chat['messages'])
    const members = chat['members'] === undefined ? undefined : this.#members(chatId)
    this.#written.set(chatId, { members, messageIds })
  }

  #newList(): GraphObject | undefined {
    const list = this.#graph.chats()
    const ids = list === undefined ? undefined : idsOf(list)
    const isSame = ids?.length === this.#list?.length && ids?.every((id, index) => id === this.#list?.[index])
    this.#list = ids
    return isSame === true ? undefined : list
  }

  #newViewer(): GraphObject | undefined {
    const viewer = this.#engine.model.viewer.getSnapshot()
    if (viewer === this.#viewer) return undefined
    this.#viewer = viewer
    return this.#graph.viewer()
  }

  #members(chatId: string): readonly Member[] {
    return this.#engine.model.state(chatId).getSnapshot().members
  }
}

/** The cursor of the first item is part of it: it tells where older items begin. */
function idsOf(connection: unknown): readonly unknown[] {
  const { edges } = connection as { edges: readonly { cursor: unknown; node: { id: unknown } }[] }
  return [edges[0]?.cursor, ...edges.map(({ node }) => node.id)]
}

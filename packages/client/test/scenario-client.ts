import { expect, vi } from 'vitest'
import { startTcpProxy } from '../../../test/harness/network/tcp-proxy.ts'
import type { Person } from '../../../test/harness/people/person.ts'
import type { StartClient } from '../../../test/harness/people/scenario.ts'
import {
  type ChatState,
  memoryStorage,
  type Message,
  type ParleyClient,
  type ParleyClientOptions,
} from '../src/index.ts'
import { startClient } from './client.ts'

/** Everything that is compared. */
export const QUERY = `query { chats(first: 30) { edges { node {
  id kind title memberCount messageTtlSeconds headSeq unreadCount createdAt lastActivityAt
  lastMessage { ...M } viewerMember { ...P }
  members(first: 10) { edges { node { ...P } } } messages(last: 100) { edges { node { ...M } } } } } } }
  fragment P on ChatMember { user { id name } role joinedAt leftAt deliveredSeq readSeq }
  fragment M on Message { id seq kind body clientMessageId status sentAt editedAt deletedAt expiresAt sender { id }
    replyTo { id body } reactions { emoji users { id } } }`

type MemberData = Readonly<{
  user: { id: string; name: string }
  role: string
  leftAt: string | null
  deliveredSeq: number
  readSeq: number
}>
type MessageData = Readonly<{
  id: string
  seq: number
  kind: string
  body: string | null
  clientMessageId: string
  status: string
  sentAt: string
  editedAt: string | null
  deletedAt: string | null
  expiresAt: string | null
  sender: { id: string }
  replyTo: { id: string; body: string | null } | null
  reactions: readonly { emoji: string; users: readonly { id: string }[] }[]
}>
export type QueryData = Readonly<{ chats: Edges<ChatData> }>
type Edges<Node> = Readonly<{ edges: readonly { node: Node }[] }>
type ChatData = Readonly<{
  id: string
  kind: string
  title: string | null
  memberCount: number
  messageTtlSeconds: number | null
  headSeq: number
  unreadCount: number
  lastActivityAt: string
  lastMessage: MessageData | null
  viewerMember: MemberData
  members: Edges<MemberData>
  messages: Edges<MessageData>
}>

/** A client under test. All of the views have to equal what a fresh query returns. */
export type Started = Readonly<{
  client: ParleyClient & Readonly<{ errors: readonly unknown[] }>
  views(): readonly Record<string, unknown>[]
  /** The response to `QUERY` that the client's own cache holds. It has to equal that of the server in each field. */
  cached?(): QueryData | undefined
  close(): Promise<void>
}>

/** Starts a client of one kind, with the given options. */
export type StartKind = (options: ParleyClientOptions) => Promise<Started>

/** A client of the package with all of its chats open. */
export const startStores: StartKind = async (options) => {
  const client = await startClient(options)
  openAll(client)
  return { client, views: () => [shown(client)], close: () => client.close() }
}

/**
 * Clients of several kinds, of the same person. Each is a device with a network of its own. They are compared with the
 * same fresh query, so those that equal it equal each other.
 */
export function scenarioClients(kinds: Readonly<Record<string, StartKind>>): StartClient {
  return async (person) => {
    const clients = await Promise.all(
      Object.entries(kinds).map(([kind, startKind]) => startOne(person, kind, startKind)),
    )
    const all = async (run: (client: OneClient) => Promise<void>): Promise<void> => {
      await Promise.all(clients.map((client) => run(client)))
    }

    /** The state of the server moves as well, while the other clients acknowledge what they received. */
    function expectUpToDate(): Promise<void> {
      const compare = async (): Promise<void> => {
        const expected = await person.run<QueryData>(QUERY)
        for (const client of clients) client.expectToEqual(expected)
      }
      return vi.waitFor(compare, { timeout: 10_000, interval: 50 })
    }

    return {
      catchUp: expectUpToDate,
      expectUpToDate,
      async reconnect(_acknowledges, whileAway) {
        await all((client) => client.lose())
        await whileAway()
        await all((client) => client.comeBack())
      },
      shiftTime: () => all((client) => client.restart()),
      [Symbol.asyncDispose]: () => all((client) => client.close()),
    }
  }
}

type OneClient = Readonly<{
  expectToEqual(expected: QueryData): void
  lose(): Promise<void>
  comeBack(): Promise<void>
  /** Ends, and starts again from its storage. */
  restart(): Promise<void>
  close(): Promise<void>
}>

async function startOne(person: Person, kind: string, startKind: StartKind): Promise<OneClient> {
  const proxy = await startTcpProxy(person.url)
  const storage = { ...memoryStorage(), close: async () => undefined }
  const start = () =>
    startKind({ url: proxy.url, token: person.token, deviceId: kind, storage, pageSize: 100 })
  let started = await start()
  const name = `${kind} of ${person.name}`
  const connection = () => started.client.connection.getSnapshot().type

  return {
    expectToEqual(expected) {
      for (const view of started.views()) expect(view, `state: ${name}`).toEqual(viewOfQuery(expected))
      if (started.cached === undefined) return
      const cached = started.cached()
      if (cached === undefined) throw new Error(`incomplete cache: ${name}`)
      expect(viewOfQuery(cached), `cache: ${name}`).toEqual(viewOfQuery(expected))
      expect(fieldsOf(cached), `fields of the cache: ${name}`).toEqual(fieldsOf(expected))
    },
    async lose() {
      proxy.cut()
      await expect.poll(connection).not.toBe('live')
    },
    async comeBack() {
      proxy.restore()
      await expect.poll(connection).toBe('live')
    },
    async restart() {
      await started.close()
      started = await start()
    },
    async close() {
      const { errors } = started.client
      await started.close()
      await proxy[Symbol.asyncDispose]()
      expect(errors, name).toEqual([])
    },
  }
}

/** The state that a response to `QUERY` shows, for comparison. */
export function viewOfQuery({ chats }: QueryData): Record<string, unknown> {
  const started = chats.edges.map(({ node }) => node).filter(({ headSeq }) => headSeq > 0)
  return Object.fromEntries(started.map((chat) => [chat.id, fromQuery(chat)]))
}

/** All fields of the chats that the viewer is in. Members are in no particular order. */
function fieldsOf({ chats }: QueryData): Record<string, unknown> {
  const present = chats.edges
    .map(({ node }) => node)
    .filter(({ headSeq, viewerMember }) => headSeq > 0 && viewerMember.leftAt === null)
  const withoutTypes = (_key: string, value: unknown): unknown =>
    typeof value === 'object' && value !== null && '__typename' in value
      ? { ...value, __typename: undefined }
      : value
  return Object.fromEntries(
    present.map((chat) => {
      const edges = chat.members.edges.toSorted((a, b) => (a.node.user.id < b.node.user.id ? -1 : 1))
      return [chat.id, JSON.parse(JSON.stringify({ ...chat, members: { edges } }, withoutTypes)) as unknown]
    }),
  )
}

function openAll(client: ParleyClient): void {
  const opened = new Set<string>()
  const openNew = (): void => {
    for (const { id } of client.chats.getSnapshot()) {
      if (opened.has(id)) continue
      opened.add(id)
      client.chat(id).subscribe(() => undefined)
    }
  }
  openNew()
  client.chats.subscribe(openNew)
}

/** No event tells of a direct chat before its first message, so only the device that started it knows it. */
export function shown(client: ParleyClient): Record<string, unknown> {
  const chats = client.chats.getSnapshot().map(({ id }) => client.chat(id).getSnapshot())
  return Object.fromEntries(
    chats.filter(({ headSeq }) => headSeq > 0).map((chat) => [chat.id, fromState(chat)]),
  )
}

/** The compared state. A chat that the viewer has left can change without an event, so less of it is compared. */
function fromState(chat: ChatState): unknown {
  const { headSeq, memberCount, messageTtlSeconds, isMember, isLoaded, lastMessage, members, unreadCount } =
    chat
  return {
    isLoaded,
    headSeq,
    memberCount,
    messageTtlSeconds,
    isMember,
    title: chat.title,
    lastActivityAt: chat.lastActivityAt.toISOString(),
    lastMessageId: lastMessage?.id,
    messageIds: chat.messages.map(({ id }) => id),
    members: members
      .map(({ user, role, ...marks }) => ({ id: user.id, role, ...(isMember ? marks : {}) }))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    ...(isMember && {
      unreadCount,
      messages: chat.messages.map(messageState),
      lastStatus: lastMessage?.status,
    }),
  }
}

function messageState(message: Message): unknown {
  const { id, seq, kind, body, clientMessageId, status, sender, replyTo, reactions } = message
  return {
    id,
    seq,
    kind,
    body,
    clientMessageId,
    status,
    senderId: sender.id,
    replyTo: replyTo === null ? null : { id: replyTo.id, body: replyTo.body },
    reactions: reactions.map(({ emoji, users }) => ({ emoji, users: users.map((user) => user.id) })),
    times: [message.sentAt, message.editedAt, message.deletedAt, message.expiresAt].map(
      (time) => time?.toISOString() ?? null,
    ),
  }
}

function fromQuery(chat: ChatData): unknown {
  const { headSeq, memberCount, messageTtlSeconds, viewerMember, lastMessage, unreadCount, lastActivityAt } =
    chat
  const isMember = viewerMember.leftAt === null
  const members = chat.members.edges.map(({ node }) => node)
  const other = members.find(({ user }) => user.id !== viewerMember.user.id)
  const messages = chat.messages.edges.map(({ node }) => node)
  return {
    isLoaded: true,
    headSeq,
    memberCount,
    messageTtlSeconds,
    isMember,
    title: chat.title ?? other?.user.name,
    lastActivityAt,
    lastMessageId: lastMessage?.id,
    messageIds: messages.map(({ id }) => id),
    members: members
      .map(({ user, role, deliveredSeq, readSeq }) => ({
        id: user.id,
        role,
        ...(isMember ? { deliveredSeq, readSeq } : {}),
      }))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    ...(isMember && {
      unreadCount,
      messages: messages.map((message) => ({
        id: message.id,
        seq: message.seq,
        kind: message.kind,
        body: message.body,
        clientMessageId: message.clientMessageId,
        status: message.status.toLowerCase(),
        senderId: message.sender.id,
        replyTo: message.replyTo === null ? null : { id: message.replyTo.id, body: message.replyTo.body },
        reactions: message.reactions.map(({ emoji, users }) => ({
          emoji,
          users: users.map((user) => user.id),
        })),
        times: [message.sentAt, message.editedAt, message.deletedAt, message.expiresAt],
      })),
      lastStatus: lastMessage?.status.toLowerCase(),
    }),
  }
}

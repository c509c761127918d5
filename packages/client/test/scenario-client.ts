import { expect, vi } from 'vitest'
import { startTcpProxy, type TcpProxy } from '../../../test/harness/network/tcp-proxy.ts'
import type { Person } from '../../../test/harness/people/person.ts'
import type { ScenarioClient } from '../../../test/harness/people/scenario.ts'
import { type ChatState, memoryStorage, type Message } from '../src/index.ts'
import { startClient, type TestClient } from './client.ts'

const QUERY = `query { chats(first: 100) { edges { node {
  id kind title memberCount messageTtlSeconds headSeq unreadCount lastActivityAt
  lastMessage { ...M } viewerMember { ...P }
  members(first: 100) { edges { node { ...P } } } messages(last: 100) { edges { node { ...M } } } } } } }
  fragment P on ChatMember { user { id name } role leftAt deliveredSeq readSeq }
  fragment M on Message { id seq body clientMessageId status sentAt editedAt deletedAt expiresAt sender { id }
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

/** A client of the package on a network of its own, with all of its chats open. */
export async function startScenarioClient(person: Person, device: string): Promise<ScenarioClient> {
  const proxy = await startTcpProxy(person.url)
  const storage = { ...memoryStorage(), close: async () => undefined }
  const start = () =>
    startClient({ url: proxy.url, token: person.token, deviceId: device, storage, pageSize: 100 })
  let client = await start()
  openAll(client)

  async function queried(): Promise<Record<string, unknown>> {
    const { chats } = await person.run<{ chats: Edges<ChatData> }>(QUERY)
    const started = chats.edges.map(({ node }) => node).filter(({ headSeq }) => headSeq > 0)
    return Object.fromEntries(started.map((chat) => [chat.id, fromQuery(chat)]))
  }

  /** Both move while the other clients acknowledge what they received. */
  function expectUpToDate(): Promise<void> {
    return vi.waitFor(
      async () => expect(shown(client), `the state of ${person.name}`).toEqual(await queried()),
      {
        timeout: 10_000,
        interval: 100,
      },
    )
  }

  return {
    catchUp: expectUpToDate,
    expectUpToDate,
    reconnect: (_acknowledges, whileAway) => lose(proxy, client, whileAway),
    async shiftTime() {
      await client.close()
      client = await start()
      openAll(client)
    },
    async [Symbol.asyncDispose]() {
      await client.close()
      await proxy[Symbol.asyncDispose]()
      expect(client.errors).toEqual([])
    },
  }
}

function openAll(client: TestClient): void {
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

async function lose(proxy: TcpProxy, client: TestClient, whileAway: () => Promise<void>): Promise<void> {
  proxy.cut()
  await expect.poll(() => client.connection.getSnapshot().type).not.toBe('live')
  await whileAway()
  proxy.restore()
  await expect.poll(() => client.connection.getSnapshot().type).toBe('live')
}

/** No event tells of a direct chat before its first message, so only the device that started it knows it. */
function shown(client: TestClient): Record<string, unknown> {
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
  const { id, seq, body, clientMessageId, status, sender, replyTo, reactions } = message
  return {
    id,
    seq,
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
        body: message.body,
        clientMessageId: message.clientMessageId,
        status: message.status.toLowerCase(),
        senderId: message.sender.id,
        replyTo: message.replyTo,
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

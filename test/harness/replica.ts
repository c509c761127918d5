import { setTimeout as delay } from 'node:timers/promises'
import { CHATS, type ChatData, type MemberData, type MessageData } from './documents.ts'
import type { Person, Stream, StreamItem } from './person.ts'

type Watermarks = Map<string, Readonly<{ deliveredSeq: number; readSeq: number }>>

/** One chat as a client keeps it: what it queried once, and what events made of that since. */
type Held = {
  title: string | null
  messageTtlSeconds: number | null
  memberCount: number
  /** Whether the viewer is in it now. */
  isMember: boolean
  headSeq: number
  lastActivityAt: string
  /** Present members; once the viewer has left, themself alone. */
  roles: Map<string, MemberData['role']>
  /** Of everybody who was ever heard of: receipts may overtake the event that lets somebody in. */
  watermarks: Watermarks
  messages: Map<string, Omit<MessageData, 'status'>>
}

/** Who has left knows less of a message. */
type SeenMessage = Pick<MessageData, 'id' | 'seq' | 'sender'> & Readonly<{ expiresAt?: string | null }>

/** What of a chat is compared: all of it in one shape, whether it was held or queried. */
export type ChatState = Readonly<{
  id: string
  title: string | null
  messageTtlSeconds: number | null
  memberCount: number
  headSeq: number
  lastActivityAt: string
  /** Unknown to who has left: what they were there for shows as it is now, and no event tells them of that. */
  unreadCount: number | undefined
  lastMessageId: string | undefined
  members: Readonly<Record<string, Readonly<{ role: string; deliveredSeq: number; readSeq: number }>>>
  messages: readonly SeenMessage[]
}>

/**
 * A model client. It does what PROTOCOL.md tells client developers to do, and nothing else: subscribe, wait for
 * CaughtUp, query once, and apply to that every event with a seq beyond what the query held. A group that it is let
 * into, it queries then.
 */
export class Replica {
  readonly #person: Person
  readonly #device: string
  readonly #chats = new Map<string, Held>()
  /** Events of chats that have to be queried first, in order. */
  readonly #waiting = new Map<string, StreamItem[]>()
  #stream: Stream
  #applied = 0
  readonly #inThisSubscription = new Map<string, number>()
  #reconnecting: Promise<void> = Promise.resolve()
  readonly #lastSeqs = new Map<string, number>()

  static async start(person: Person, device: string): Promise<Replica> {
    const stream = person.inbox(device)
    await stream.caughtUp()
    const replica = new Replica(person, device, stream)
    for (const chat of await replica.#fetch()) replica.#chats.set(chat.id, hold(chat))
    return replica
  }

  private constructor(person: Person, device: string, stream: Stream) {
    this.#person = person
    this.#device = device
    this.#stream = stream
  }

  /** Loses the connection and subscribes again, as the same device; acknowledges what it has first, or not. */
  reconnect(acknowledges: boolean, whileAway: () => Promise<void>): Promise<void> {
    this.#reconnecting = this.#reconnecting.then(() => this.#reconnect(acknowledges, whileAway))
    return this.#reconnecting
  }

  async #reconnect(acknowledges: boolean, whileAway: () => Promise<void>): Promise<void> {
    this.#apply()
    if (acknowledges) {
      for (const [chat, seq] of this.#lastSeqs) await this.#person.markDelivered(chat, seq, this.#device)
    }
    this.#stream.close()
    this.#apply()
    this.#inThisSubscription.clear()
    await whileAway()
    this.#stream = this.#person.inbox(this.#device)
    this.#applied = 0
    await this.#stream.caughtUp()
  }

  /** Waits until the stream holds every event and every watermark that a query answers with. */
  async settle(): Promise<void> {
    const target = JSON.stringify(progress(await this.query()))
    const giveUpAt = performance.now() + SETTLED_WITHIN_MS
    for (;;) {
      this.#apply()
      await this.#askForWaiting()
      const held = JSON.stringify(progress(this.state()))
      if (held === target) return
      if (performance.now() > giveUpAt)
        throw new Error(`${this.#person.name} holds ${held}\nand not ${target}`)
      await delay(10)
    }
  }

  state(): readonly ChatState[] {
    return [...this.#chats]
      .filter(([, { headSeq }]) => headSeq > 0)
      .map(([id, held]) => this.#stateOf(id, held))
      .toSorted(byId)
  }

  async query(): Promise<readonly ChatState[]> {
    return (await this.#fetch())
      .filter(({ headSeq }) => headSeq > 0)
      .map((chat) => toState(chat))
      .toSorted(byId)
  }

  stop(): void {
    this.#stream.close()
  }

  async #fetch(): Promise<readonly ChatData[]> {
    const { chats } = await this.#person.run<{ chats: { edges: { node: ChatData }[] } }>(CHATS)
    return chats.edges.map(({ node }) => node)
  }

  #apply(): void {
    const { all } = this.#stream.items
    for (; this.#applied < all.length; this.#applied++) {
      const item = all[this.#applied]
      if (item?.chat !== undefined) this.#arrived(item.chat.id, item)
    }
  }

  #arrived(chatId: string, item: StreamItem): void {
    if (item.seq !== undefined) this.#expectNext(chatId, item.seq, item)
    const waiting = this.#waiting.get(chatId)
    if (waiting !== undefined) waiting.push(item)
    else if (this.#mustAsk(chatId, item)) this.#waiting.set(chatId, [item])
    else this.#take(chatId, item)
  }

  /** No event tells who is in a chat that one is let into. */
  #mustAsk(chatId: string, item: StreamItem): boolean {
    const held = this.#chats.get(chatId)
    return held === undefined || (this.#comesBack(item) && (item.seq ?? 0) > held.headSeq)
  }

  async #askForWaiting(): Promise<void> {
    for (const [chatId, items] of this.#waiting) {
      const asked = hold(await this.#person.look(chatId))
      for (const [id, marks] of this.#chats.get(chatId)?.watermarks ?? []) advance(asked, id, marks)
      this.#chats.set(chatId, asked)
      this.#waiting.delete(chatId)
      for (const item of items) this.#take(chatId, item)
    }
  }

  #take(chatId: string, item: StreamItem): void {
    const held = this.#chats.get(chatId)
    if (held === undefined) throw new Error(`${this.#person.name} has not asked for ${chatId}`)
    if (item.__typename === 'ReceiptAdvanced') return advance(held, idOf(item), marksOf(item))
    const seq = item.seq ?? 0
    if (seq <= held.headSeq) return
    if (seq !== held.headSeq + 1)
      throw new Error(`${this.#person.name} missed what lies between ${held.headSeq} and ${seq}`)
    held.headSeq = seq
    held.lastActivityAt = String(item['at'])
    if (item.message !== undefined) held.messages.set(item.message.id, withoutStatus(item.message))
    this.#changeMembers(held, seq, item)
  }

  #changeMembers(held: Held, seq: number, item: StreamItem): void {
    switch (item.__typename) {
      case 'ChatUpdated':
        return void Object.assign(held, settingsOf(item))
      case 'MemberAdded':
        held.memberCount += 1
        held.roles.set(idOf(item), 'MEMBER')
        return advance(held, idOf(item), { deliveredSeq: seq - 1, readSeq: seq - 1 })
      case 'MemberRoleChanged':
        return void held.roles.set(idOf(item), item['role'] as MemberData['role'])
      case 'MemberRemoved':
        held.memberCount -= 1
        if (idOf(item) !== this.#person.id) return void held.roles.delete(idOf(item))
        held.isMember = false
        held.roles = new Map([[this.#person.id, held.roles.get(this.#person.id) ?? 'MEMBER']])
    }
  }

  /** Within one subscription nothing is told twice and nothing is left out, but for what was said in one's absence. */
  #expectNext(chatId: string, seq: number, item: StreamItem): void {
    this.#lastSeqs.set(chatId, Math.max(seq, this.#lastSeqs.get(chatId) ?? 0))
    const before = this.#inThisSubscription.get(chatId)
    this.#inThisSubscription.set(chatId, seq)
    if (before === undefined || seq === before + 1 || (seq > before && this.#comesBack(item))) return
    throw new Error(`${this.#person.name} was told of ${seq} after ${before} in one subscription`)
  }

  #comesBack(item: StreamItem): boolean {
    return item.__typename === 'MemberAdded' && idOf(item) === this.#person.id
  }

  #stateOf(id: string, held: Held): ChatState {
    const { title, messageTtlSeconds, memberCount, headSeq, lastActivityAt, roles, watermarks, messages } =
      held
    const readSeq = watermarks.get(this.#person.id)?.readSeq ?? 0
    const all = [...messages.values()].toSorted((a, b) => a.seq - b.seq).map(asShown)
    const isUnread = ({ seq, sender, body }: Omit<MessageData, 'status'>): boolean =>
      seq > readSeq && sender.id !== this.#person.id && body !== null
    return {
      id,
      title,
      messageTtlSeconds,
      memberCount,
      headSeq,
      lastActivityAt,
      unreadCount: held.isMember ? all.filter(isUnread).length : undefined,
      lastMessageId: all.at(-1)?.id,
      members: membersOf(roles, watermarks),
      messages: all.map((message) => seenBy(held, { ...message, status: statusOf(message, held) })),
    }
  }
}

const SETTLED_WITHIN_MS = 10_000

function hold(chat: ChatData): Held {
  const { title, messageTtlSeconds, memberCount, headSeq, lastActivityAt, messages } = chat
  const members = chat.members.edges.map(({ node }) => node)
  return {
    title,
    messageTtlSeconds,
    memberCount,
    isMember: chat.viewerMember.leftAt === null,
    headSeq,
    lastActivityAt,
    roles: new Map(members.map(({ user, role }) => [user.id, role])),
    watermarks: new Map(
      [...members, chat.viewerMember].map(({ user, deliveredSeq, readSeq }) => [
        user.id,
        { deliveredSeq, readSeq },
      ]),
    ),
    messages: new Map(messages.edges.map(({ node }) => [node.id, withoutStatus(node)])),
  }
}

function advance(
  { watermarks }: Held,
  userId: string,
  { deliveredSeq, readSeq }: Readonly<{ deliveredSeq: number; readSeq: number }>,
): void {
  const before = watermarks.get(userId) ?? { deliveredSeq: 0, readSeq: 0 }
  watermarks.set(userId, {
    deliveredSeq: Math.max(before.deliveredSeq, deliveredSeq),
    readSeq: Math.max(before.readSeq, readSeq),
  })
}

/** As PROTOCOL.md says: by the watermarks of every other present member; unknown where there is none that one sees. */
function statusOf(
  { seq, sender }: Omit<MessageData, 'status'>,
  { isMember, roles, watermarks }: Held,
): MessageData['status'] | undefined {
  const others = [...roles.keys()].filter((id) => id !== sender.id)
  if (!isMember || others.length === 0) return undefined
  const marks = others.map((id) => watermarks.get(id) ?? { deliveredSeq: 0, readSeq: 0 })
  if (marks.every(({ readSeq }) => seq <= readSeq)) return 'READ'
  return marks.every(({ deliveredSeq }) => seq <= deliveredSeq) ? 'DELIVERED' : 'SENT'
}

function toState(chat: ChatData): ChatState {
  const { id, title, messageTtlSeconds, memberCount, headSeq, lastActivityAt, unreadCount, lastMessage } =
    chat
  const held = hold(chat)
  const { roles, watermarks } = held
  return {
    id,
    title,
    messageTtlSeconds,
    memberCount,
    headSeq,
    lastActivityAt,
    unreadCount: held.isMember ? unreadCount : undefined,
    lastMessageId: lastMessage?.id,
    members: membersOf(roles, watermarks),
    messages: chat.messages.edges.map(({ node }) => {
      const status = statusOf(node, held) === undefined ? undefined : node.status
      return seenBy(held, { ...node, status })
    }),
  }
}

function membersOf(roles: Held['roles'], watermarks: Watermarks): ChatState['members'] {
  const entries = [...roles].map(([id, role]) => {
    return [id, { role, ...(watermarks.get(id) ?? { deliveredSeq: 0, readSeq: 0 }) }] as const
  })
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** An expired message shows nothing of what it said; no event says so, since the client knows when. */
function asShown(message: Omit<MessageData, 'status'>): Omit<MessageData, 'status'> {
  const isExpired = message.expiresAt !== null && Date.parse(message.expiresAt) <= Date.now()
  return isExpired ? { ...message, body: null, reactions: [] } : message
}

/** What is compared of a message: to who has left, that it is there, and whose it is. */
function seenBy({ isMember }: Held, message: Omit<MessageData, 'status'> & { status: unknown }): SeenMessage {
  const { id, seq, sender } = message
  return isMember ? message : { id, seq, sender }
}

function idOf(item: StreamItem): string {
  return (item['user'] as { id: string }).id
}

function marksOf(item: StreamItem): { deliveredSeq: number; readSeq: number } {
  return item as unknown as { deliveredSeq: number; readSeq: number }
}

function settingsOf({ chat }: StreamItem): Pick<Held, 'title' | 'messageTtlSeconds'> {
  const { title, messageTtlSeconds } = chat as unknown as Pick<Held, 'title' | 'messageTtlSeconds'>
  return { title, messageTtlSeconds }
}

function withoutStatus({ status: _, ...message }: MessageData): Omit<MessageData, 'status'> {
  return message
}

function progress(states: readonly ChatState[]): unknown {
  return states.map(({ id, headSeq, members }) => [id, headSeq, members])
}

function byId(a: ChatState, b: ChatState): number {
  return a.id < b.id ? -1 : 1
}

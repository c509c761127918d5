import { CHATS, type ChatData, type MessageData } from './documents.ts'
import type { Person, Stream, StreamItem } from './person.ts'

/** One chat as a client keeps it: what it queried once, and what events made of that since. */
type Held = {
  headSeq: number
  lastActivityAt: string
  watermarks: Map<string, { deliveredSeq: number; readSeq: number }>
  messages: Map<string, Omit<MessageData, 'status'>>
}

/** What of a chat is compared: all of it in one shape, whether it was held or queried. */
export type ChatState = Readonly<{
  id: string
  headSeq: number
  lastActivityAt: string
  unreadCount: number
  lastMessageId: string | undefined
  watermarks: Record<string, { deliveredSeq: number; readSeq: number }>
  messages: readonly MessageData[]
}>

/**
 * A model client. It does what PROTOCOL.md tells client developers to do, and nothing else: subscribe, wait for
 * CaughtUp, query once, and apply to that every event with a seq beyond what the query held.
 */
export class Replica {
  readonly #person: Person
  readonly #device: string
  readonly #chats = new Map<string, Held>()
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
    const target = await this.query()
    await this.#stream.items.until(() => {
      this.#apply()
      const held = this.state()
      return JSON.stringify(progress(held)) === JSON.stringify(progress(target))
    })
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
      if (item?.chat !== undefined) this.#take(item.chat.id, item)
    }
  }

  #take(chatId: string, item: StreamItem): void {
    const held = this.#chats.get(chatId) ?? empty()
    this.#chats.set(chatId, held)
    if (item.__typename === 'ReceiptAdvanced') return advance(held, item)
    const seq = item.seq ?? 0
    this.#expectNext(chatId, seq)
    this.#lastSeqs.set(chatId, Math.max(seq, this.#lastSeqs.get(chatId) ?? 0))
    if (seq <= held.headSeq) return
    if (seq !== held.headSeq + 1)
      throw new Error(`${this.#person.name} missed what lies between ${held.headSeq} and ${seq}`)
    held.headSeq = seq
    held.lastActivityAt = String(item['at'])
    if (item.message !== undefined) held.messages.set(item.message.id, withoutStatus(item.message))
  }

  /** Within one subscription nothing is told twice and nothing is left out. */
  #expectNext(chatId: string, seq: number): void {
    const before = this.#inThisSubscription.get(chatId)
    this.#inThisSubscription.set(chatId, seq)
    if (before === undefined || seq === before + 1) return
    throw new Error(`${this.#person.name} was told of ${seq} after ${before} in one subscription`)
  }

  #stateOf(id: string, { headSeq, lastActivityAt, watermarks, messages }: Held): ChatState {
    const readSeq = watermarks.get(this.#person.id)?.readSeq ?? 0
    const all = [...messages.values()].toSorted((a, b) => a.seq - b.seq)
    const isUnread = ({ seq, sender, deletedAt }: Omit<MessageData, 'status'>): boolean =>
      seq > readSeq && sender.id !== this.#person.id && deletedAt === null
    return {
      id,
      headSeq,
      lastActivityAt,
      unreadCount: all.filter(isUnread).length,
      lastMessageId: all.at(-1)?.id,
      watermarks: known(watermarks),
      messages: all.map((message) => ({ ...message, status: statusOf(message, watermarks) })),
    }
  }
}

function empty(): Held {
  return { headSeq: 0, lastActivityAt: '', watermarks: new Map(), messages: new Map() }
}

function hold({ headSeq, lastActivityAt, members, messages }: ChatData): Held {
  return {
    headSeq,
    lastActivityAt,
    watermarks: new Map(members.edges.map(({ node }) => [node.user.id, marks(node)])),
    messages: new Map(messages.edges.map(({ node }) => [node.id, withoutStatus(node)])),
  }
}

function advance({ watermarks }: Held, item: StreamItem): void {
  const { user, deliveredSeq, readSeq } = item as unknown as {
    user: { id: string }
    deliveredSeq: number
    readSeq: number
  }
  const before = watermarks.get(user.id) ?? { deliveredSeq: 0, readSeq: 0 }
  watermarks.set(user.id, {
    deliveredSeq: Math.max(before.deliveredSeq, deliveredSeq),
    readSeq: Math.max(before.readSeq, readSeq),
  })
}

/** As PROTOCOL.md says: by the watermarks of everybody but the sender, who are two in a direct chat. */
function statusOf(
  { seq, sender }: Omit<MessageData, 'status'>,
  watermarks: Held['watermarks'],
): MessageData['status'] {
  const other = [...watermarks].find(([id]) => id !== sender.id)?.[1]
  if (other === undefined) return 'SENT'
  if (seq <= other.readSeq) return 'READ'
  return seq <= other.deliveredSeq ? 'DELIVERED' : 'SENT'
}

function toState({
  id,
  headSeq,
  lastActivityAt,
  unreadCount,
  lastMessage,
  members,
  messages,
}: ChatData): ChatState {
  return {
    id,
    headSeq,
    lastActivityAt,
    unreadCount,
    lastMessageId: lastMessage?.id,
    watermarks: known(new Map(members.edges.map(({ node }) => [node.user.id, marks(node)]))),
    messages: messages.edges.map(({ node }) => node),
  }
}

/** Somebody who has received nothing yet may be known or not: it makes no difference. */
function known(watermarks: Held['watermarks']): ChatState['watermarks'] {
  const entries = [...watermarks].filter(([, { deliveredSeq }]) => deliveredSeq > 0)
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function marks({ deliveredSeq, readSeq }: { deliveredSeq: number; readSeq: number }): {
  deliveredSeq: number
  readSeq: number
} {
  return { deliveredSeq, readSeq }
}

function withoutStatus({ status: _, ...message }: MessageData): Omit<MessageData, 'status'> {
  return message
}

function progress(states: readonly ChatState[]): unknown {
  return states.map(({ id, headSeq, watermarks }) => [id, headSeq, watermarks])
}

function byId(a: ChatState, b: ChatState): number {
  return a.id < b.id ? -1 : 1
}

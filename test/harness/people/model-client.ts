import { CHATS, type ChatData } from './documents.ts'
import {
  advance,
  shiftTime,
  apply,
  type ChatState,
  emptyChat,
  type ClientChat,
  clientState,
  fromQuery,
  queriedState,
} from './client-state.ts'
import type { Person, Stream, StreamItem } from './person.ts'

/** Where a subscription is in a chat: at the last event that it told, or after the one that removed its person. */
type Told = number | 'removed'

/**
 * A model client. It does what PROTOCOL.md tells client developers to do, and nothing else: subscribe, wait for
 * CaughtUp, query once, and apply to that every event with a seq beyond what the query held. It queries again only a chat
 * that begins or that it was let into.
 */
export class ModelClient {
  readonly #person: Person
  readonly #device: string
  readonly #chats = new Map<string, ClientChat>()
  #stream: Stream
  #applied = 0
  readonly #told = new Map<string, Told>()
  #reconnecting: Promise<void> = Promise.resolve()
  readonly #lastSeqs = new Map<string, number>()

  static async start(person: Person, device: string): Promise<ModelClient> {
    const stream = person.inbox(device)
    await stream.caughtUp()
    const replica = new ModelClient(person, device, stream)
    for (const chat of await replica.#fetch()) replica.#chats.set(chat.id, fromQuery(chat))
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
    await this.#apply()
    if (acknowledges) {
      for (const [chat, seq] of this.#lastSeqs) await this.#person.markDelivered(chat, seq, this.#device)
    }
    this.#stream.close()
    await this.#apply()
    this.#told.clear()
    await whileAway()
    this.#stream = this.#person.inbox(this.#device)
    this.#applied = 0
    await this.#stream.caughtUp()
  }

  /** Waits until the stream holds every event and every watermark that a query answers with. */
  async catchUp(): Promise<void> {
    const target = JSON.stringify(progress(await this.query()))
    for (;;) {
      await this.#apply()
      if (JSON.stringify(progress(this.state())) === target) return
      await this.#stream.items.until((all) => all.length > this.#applied)
    }
  }

  /** So much time goes by for what the client holds. */
  shiftTime(ms: number): void {
    for (const held of this.#chats.values()) shiftTime(held, ms)
  }

  state(): readonly ChatState[] {
    const now = Date.now()
    return [...this.#chats]
      .filter(([, { headSeq }]) => headSeq > 0)
      .map(([id, held]) => clientState(id, held, this.#person.id, now))
      .toSorted(byId)
  }

  async query(): Promise<readonly ChatState[]> {
    return (await this.#fetch())
      .filter(({ headSeq }) => headSeq > 0)
      .map(queriedState)
      .toSorted(byId)
  }

  stop(): void {
    this.#stream.close()
  }

  async #fetch(): Promise<readonly ChatData[]> {
    const { chats } = await this.#person.run<{ chats: { edges: { node: ChatData }[] } }>(CHATS)
    return chats.edges.map(({ node }) => node)
  }

  async #apply(): Promise<void> {
    const { all } = this.#stream.items
    for (; this.#applied < all.length; this.#applied++) {
      const item = all[this.#applied]
      if (item?.chat !== undefined) await this.#take(item.chat.id, item)
    }
  }

  async #take(chatId: string, item: StreamItem): Promise<void> {
    const held = this.#chats.get(chatId) ?? emptyChat()
    this.#chats.set(chatId, held)
    if (item.__typename === 'ReceiptAdvanced') return advance(held, ...receiptIn(item))
    const seq = item.seq ?? 0
    this.#expectNext(chatId, seq, item)
    this.#lastSeqs.set(chatId, Math.max(seq, this.#lastSeqs.get(chatId) ?? 0))
    if (seq <= held.headSeq) return
    if (this.#isLetInBy(item)) return this.#queryChat(chatId, held)
    if (seq !== held.headSeq + 1)
      throw new Error(`${this.#person.name} missed what lies between ${held.headSeq} and ${seq}`)
    if (seq === 1) return this.#queryChat(chatId, held)
    apply(held, item, this.#person.id)
  }

  async #queryChat(chatId: string, known: ClientChat): Promise<void> {
    this.#chats.set(chatId, fromQuery(await this.#person.fetchChat(chatId), known))
  }

  /** Within one subscription nothing is told twice and nothing is left out but what its person was not there for. */
  #expectNext(chatId: string, seq: number, item: StreamItem): void {
    const before = this.#told.get(chatId)
    const isRemoved = item.__typename === 'MemberRemoved' && this.#isNamedIn(item)
    this.#told.set(chatId, isRemoved ? 'removed' : seq)
    if (before === 'removed' ? this.#isLetInBy(item) : before === undefined || seq === before + 1) return
    throw new Error(`${this.#person.name} was told of ${seq} after ${before} in one subscription`)
  }

  #isLetInBy(item: StreamItem): boolean {
    return item.__typename === 'MemberAdded' && this.#isNamedIn(item)
  }

  #isNamedIn(item: StreamItem): boolean {
    return (item['user'] as { id: string }).id === this.#person.id
  }
}

function receiptIn(item: StreamItem): [string, { deliveredSeq: number; readSeq: number }] {
  const { user, deliveredSeq, readSeq } = item as unknown as {
    user: { id: string }
    deliveredSeq: number
    readSeq: number
  }
  return [user.id, { deliveredSeq, readSeq }]
}

function progress(states: readonly ChatState[]): unknown {
  return states.map(({ id, headSeq, watermarks }) => [id, headSeq, watermarks])
}

function byId(a: ChatState, b: ChatState): number {
  return a.id < b.id ? -1 : 1
}

import { expect } from 'vitest'
import { CHATS, type ChatData } from './documents.ts'
import {
  apply,
  applyReceipt,
  shiftTime,
  type ChatState,
  emptyChat,
  type ClientChat,
  clientState,
  fromQuery,
  queriedState,
} from './client-state.ts'
import type { Person, Stream, StreamItem } from './person.ts'

/** The position of a subscription in a chat: the last delivered seq, or after the removal of its person. */
type Delivered = number | 'removed'

/**
 * A client that follows PROTOCOL.md and does nothing else. It subscribes, waits for CaughtUp, queries once, and applies
 * every event with a seq above that of the query. It queries a chat again only if the chat is new, or its person was
 * added to it or is its last member.
 */
export class ModelClient {
  readonly #person: Person
  readonly #device: string
  readonly #chats = new Map<string, ClientChat>()
  #stream: Stream
  #applied = 0
  readonly #delivered = new Map<string, Delivered>()
  #reconnecting: Promise<void> = Promise.resolve()
  readonly #lastSeqs = new Map<string, number>()

  static async start(person: Person, device: string): Promise<ModelClient> {
    const stream = person.inbox(device)
    await stream.caughtUp()
    const client = new ModelClient(person, device, stream)
    for (const chat of await client.#fetch()) client.#chats.set(chat.id, fromQuery(chat))
    return client
  }

  private constructor(person: Person, device: string, stream: Stream) {
    this.#person = person
    this.#device = device
    this.#stream = stream
  }

  /** Loses the connection and subscribes again as the same device. Optionally acknowledges its events before. */
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
    this.#delivered.clear()
    await whileAway()
    this.#stream = this.#person.inbox(this.#device)
    this.#applied = 0
    await this.#stream.caughtUp()
  }

  async expectUpToDate(): Promise<void> {
    await this.catchUp()
    expect(this.state(), `the state of ${this.#person.name}`).toEqual(await this.query())
  }

  /** Waits until the stream has delivered every event, watermark and status that a query returns. */
  async catchUp(): Promise<void> {
    const target = JSON.stringify(progress(await this.query()))
    for (;;) {
      await this.#apply()
      if (JSON.stringify(progress(this.state())) === target) return
      await this.#stream.items.until((all) => all.length > this.#applied)
    }
  }

  /** Moves the expiry times that the client holds into the past. */
  async shiftTime(ms: number): Promise<void> {
    for (const local of this.#chats.values()) shiftTime(local, ms)
  }

  state(): readonly ChatState[] {
    const now = Date.now()
    return [...this.#chats]
      .filter(([, { headSeq }]) => headSeq > 0)
      .map(([id, local]) => clientState(id, local, this.#person.id, now))
      .toSorted(byId)
  }

  async query(): Promise<readonly ChatState[]> {
    return (await this.#fetch())
      .filter(({ headSeq }) => headSeq > 0)
      .map(queriedState)
      .toSorted(byId)
  }

  async [Symbol.asyncDispose](): Promise<void> {
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
      if (item?.chat !== undefined) await this.#handle(item.chat.id, item)
    }
  }

  async #handle(chatId: string, item: StreamItem): Promise<void> {
    const local = this.#chats.get(chatId) ?? emptyChat()
    this.#chats.set(chatId, local)
    if (item.__typename === 'ReceiptAdvanced') return applyReceipt(local, ...receiptIn(item))
    const seq = item.seq ?? 0
    this.#expectNext(chatId, seq, item)
    this.#lastSeqs.set(chatId, Math.max(seq, this.#lastSeqs.get(chatId) ?? 0))
    if (item.__typename === 'ChatDeleted') return void this.#chats.delete(chatId)
    if (seq <= local.headSeq) return
    if (this.#isAddedBy(item)) return this.#queryChat(chatId, local)
    if (seq !== local.headSeq + 1)
      throw new Error(`${this.#person.name} missed events between ${local.headSeq} and ${seq}`)
    if (seq === 1) return this.#queryChat(chatId, local)
    apply(local, item, this.#person.id)
    // Without another member the watermarks of the members no longer tell a status.
    if (item.__typename === 'MemberRemoved' && local.isPresent && local.members.size === 1)
      await this.#queryChat(chatId, local)
  }

  async #queryChat(chatId: string, known: ClientChat): Promise<void> {
    this.#chats.set(chatId, fromQuery(await this.#person.fetchChat(chatId), known))
  }

  /** Within one subscription no event repeats, and none is missing except while its person was removed. */
  #expectNext(chatId: string, seq: number, item: StreamItem): void {
    const before = this.#delivered.get(chatId)
    const isRemoved =
      item.__typename === 'ChatDeleted' || (item.__typename === 'MemberRemoved' && this.#isNamedIn(item))
    this.#delivered.set(chatId, isRemoved ? 'removed' : seq)
    if (before === 'removed' ? this.#isAddedBy(item) : before === undefined || seq === before + 1) return
    throw new Error(`${this.#person.name} received ${seq} after ${before} in one subscription`)
  }

  #isAddedBy(item: StreamItem): boolean {
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
  return states.map(({ id, headSeq, watermarks, present }) => [
    id,
    headSeq,
    watermarks,
    present?.messages.map(({ status }) => status),
  ])
}

function byId(a: ChatState, b: ChatState): number {
  return a.id < b.id ? -1 : 1
}

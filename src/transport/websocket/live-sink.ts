import type { ExecutionArgs } from 'graphql'
import type { InboxItem } from '../../delivery/inbox-item.ts'
import type { LiveSink } from '../../delivery/live-source.ts'
import { type EndHop, isTracing, startWrite } from '../../telemetry/tracing.ts'
import type { Cohort, EventPayloads } from '../pipeline/event-payloads.ts'
import type { Payload, PayloadOutcome, PayloadWaiter } from '../pipeline/payload.ts'
import { nextMessageHead } from './messages.ts'
import { type FrameHead, frameHead, type OnTaken, type Outbox, type RoomWaiter } from './outbox.ts'

type Options = Readonly<{
  args: ExecutionArgs
  /** The id that the client chose for the subscription. */
  clientId: string
  outbox: Outbox
  payloads: EventPayloads
}>

/**
 * Writes the items of one subscription as `next` messages, without an async iterator. One item is
 * under way at a time, so that items keep their order while payloads are being computed:
 *
 *     ready ──take──▶ payload ──settled──▶ written ──room in the outbox──▶ ready
 *                                             └──no room──▶ waiting for room ──▶ ready
 *
 * The stream queues further items meanwhile. `announce` starts their payloads, so that a batch of events is resolved
 * together.
 */
export class SocketSink implements LiveSink, PayloadWaiter, RoomWaiter {
  readonly #head: FrameHead
  readonly #outbox: Outbox
  readonly #payloads: EventPayloads
  readonly #args: ExecutionArgs
  #cohort: Cohort | undefined
  #stream: RoomWaiter | undefined
  #item: InboxItem | undefined
  #onTaken: OnTaken | undefined
  #closed: AbortController | undefined
  #isOpen = true

  constructor({ args, clientId, outbox, payloads }: Options) {
    this.#head = frameHead(nextMessageHead(clientId))
    this.#args = args
    this.#outbox = outbox
    this.#payloads = payloads
  }

  start(stream: RoomWaiter): void {
    this.#stream = stream
    this.#cohort = this.#payloads.join(this.#args)
  }

  take(item: InboxItem, onFlushed?: () => void): boolean {
    this.#item = item
    this.#onTaken = onTaken(isTracing() ? startWrite(item) : undefined, onFlushed)
    return this.#writeWhenSettled(this.#cohort?.shared(item) ?? this.#own(item))
  }

  announce(item: InboxItem): void {
    this.#cohort?.shared(item)
  }

  settled(outcome: PayloadOutcome): void {
    if (this.#isOpen && this.#write(outcome)) this.resume()
  }

  resume(): void {
    if (this.#isOpen) this.#stream?.resume()
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#item = undefined
    this.#closed?.abort()
    this.#cohort?.leave()
  }

  /** Returns whether the sink is ready for the next item. */
  #writeWhenSettled(payload: Payload): boolean {
    if (payload.outcome !== undefined) return this.#write(payload.outcome)
    payload.wait(this)
    return false
  }

  #write(outcome: PayloadOutcome): boolean {
    const item = this.#item
    if (outcome === 'viewer-needed') return item === undefined || this.#writeWhenSettled(this.#own(item))
    this.#outbox.add(this.#head, outcome, this.#onTaken)
    this.#item = undefined
    this.#onTaken = undefined
    if (this.#outbox.makeRoom()) return true
    this.#outbox.waitForRoom(this)
    return false
  }

  #own(item: InboxItem): Payload {
    this.#closed ??= new AbortController()
    return this.#payloads.own(item, this.#args, this.#closed.signal)
  }
}

function onTaken(written: EndHop | undefined, onFlushed: (() => void) | undefined): OnTaken | undefined {
  if (written === undefined && onFlushed === undefined) return undefined
  return (error) => {
    written?.()
    if (error === undefined) onFlushed?.()
  }
}

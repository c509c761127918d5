import type { DocumentBudget } from '../../quotas/document-budget.ts'
import type { Intake, MessageSource } from '../pipeline/intake.ts'
import { nameOf } from '../pipeline/payer.ts'
import type { Sender } from './senders.ts'

/** Lets operations over HTTP begin: few in each turn of the event loop, and fairly among their senders. */
export type RequestIntake = Readonly<{
  /** Resolves with true when the operation may begin. Resolves with false if too many of the same address wait. */
  turn(sender: Pick<Sender, 'address' | 'token'>): Promise<boolean>
}>

type Options = Readonly<{
  /** The time that an address has for its requests. They wait while it has none. Default: without a limit. */
  pace?: Pick<DocumentBudget, 'waitMs'>
  maxWaiting?: number
}>

/** One request takes a third of a millisecond until it waits for the database or is answered. */
export const REQUESTS_PER_TURN = 2
/** Of one address. More than a load balancer without TRUSTED_PROXIES has in progress. */
const MAX_WAITING = 5_000

type Begin = (mayBegin: boolean) => void

/*
 * Thirty requests that arrive together take ten milliseconds before any of them waits for the database. An honest
 * request needs half a dozen turns of the event loop, and each of them could have thirty more requests of an attacker.
 * So a turn begins two requests, and continues all that have begun.
 *
 * The addresses take turns, and within an address the tokens. A token is not verified here: by inventing tokens, an
 * attacker gains a larger share of their own address.
 */
export function createRequestIntake(
  intake: Pick<Intake, 'add'>,
  { pace, maxWaiting = MAX_WAITING }: Options = {},
): RequestIntake {
  const addresses = new Map<string, AddressQueue>()

  function queueOf(address: string): AddressQueue {
    const payer = nameOf({ userId: undefined, address })
    return new AddressQueue({
      waitMs: () => pace?.waitMs(payer) ?? 0,
      onEmpty: () => addresses.delete(address),
      offer: (queue) => intake.add(queue),
    })
  }

  return {
    turn({ address, token }) {
      const queue = addresses.get(address) ?? queueOf(address)
      if (queue.size >= maxWaiting) return Promise.resolve(false)
      const { promise, resolve } = Promise.withResolvers<boolean>()
      addresses.set(address, queue)
      queue.push(token, resolve)
      return promise
    },
  }
}

type QueueOptions = Readonly<{
  /** Returns for how many milliseconds no request of the address may begin. */
  waitMs(): number
  onEmpty(): void
  /** Asks for a turn of the queue. */
  offer(queue: AddressQueue): void
}>

/** The requests of one address that wait, by token. */
class AddressQueue implements MessageSource {
  readonly #byToken = new Map<string, Begin[]>()
  readonly #options: QueueOptions
  #size = 0
  #isResting = false

  constructor(options: QueueOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#size
  }

  push(token: string, begin: Begin): void {
    const queue = this.#byToken.get(token)
    if (queue === undefined) this.#byToken.set(token, [begin])
    else queue.push(begin)
    this.#size += 1
    if (!this.#isResting) this.#options.offer(this)
  }

  /** Begins the oldest request of the token whose last turn is longest ago, if the address has time for it. */
  readOne(): boolean {
    const waitMs = this.#options.waitMs()
    if (waitMs > 0) this.#rest(waitMs)
    if (this.#isResting) return false
    const [first] = this.#byToken
    if (first !== undefined) this.#begin(...first)
    if (this.#size === 0) this.#options.onEmpty()
    return this.#size > 0
  }

  #rest(waitMs: number): void {
    if (this.#isResting) return
    this.#isResting = true
    const end = (): void => {
      this.#isResting = false
      this.#options.offer(this)
    }
    setTimeout(end, waitMs).unref()
  }

  #begin(token: string, queue: Begin[]): void {
    const begin = queue.shift()
    this.#byToken.delete(token)
    if (queue.length > 0) this.#byToken.set(token, queue)
    this.#size -= 1
    begin?.(true)
  }
}

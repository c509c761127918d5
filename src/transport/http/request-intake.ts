import type { Intake, MessageSource } from '../pipeline/intake.ts'
import type { Sender } from './senders.ts'

/** Lets operations over HTTP begin: few in each turn of the event loop, and fairly among their senders. */
export type RequestIntake = Readonly<{
  /** Resolves with true when the operation may begin. Resolves with false if too many of the same address wait. */
  turn(sender: Pick<Sender, 'address' | 'token'>): Promise<boolean>
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
export function createRequestIntake(intake: Pick<Intake, 'add'>, maxWaiting = MAX_WAITING): RequestIntake {
  const addresses = new Map<string, AddressQueue>()

  return {
    turn({ address, token }) {
      const queue = addresses.get(address) ?? new AddressQueue(() => addresses.delete(address))
      if (queue.size >= maxWaiting) return Promise.resolve(false)
      const { promise, resolve } = Promise.withResolvers<boolean>()
      addresses.set(address, queue)
      queue.push(token, resolve)
      intake.add(queue)
      return promise
    },
  }
}

/** The requests of one address that wait, by token. */
class AddressQueue implements MessageSource {
  readonly #byToken = new Map<string, Begin[]>()
  readonly #onEmpty: () => void
  #size = 0

  constructor(onEmpty: () => void) {
    this.#onEmpty = onEmpty
  }

  get size(): number {
    return this.#size
  }

  push(token: string, begin: Begin): void {
    const queue = this.#byToken.get(token)
    if (queue === undefined) this.#byToken.set(token, [begin])
    else queue.push(begin)
    this.#size += 1
  }

  /** Begins the oldest request of the token whose last turn is longest ago. */
  readOne(): boolean {
    const [first] = this.#byToken
    if (first !== undefined) this.#begin(...first)
    if (this.#size === 0) this.#onEmpty()
    return this.#size > 0
  }

  #begin(token: string, queue: Begin[]): void {
    const begin = queue.shift()
    this.#byToken.delete(token)
    if (queue.length > 0) this.#byToken.set(token, queue)
    this.#size -= 1
    begin?.(true)
  }
}

import type { Dispose } from '../../lib/dispose.ts'
import type { LiveUse } from '../../quotas/live-limits.ts'
import type { SessionUse } from './sessions.ts'

/** A stream of results that can be ended at any time. */
type Stream = Readonly<{ return(value: undefined): Promise<unknown> }>

/**
 * One operation of a connection, with what is released when it is over. Its id is the client's, who may use it again as
 * soon as it has completed the operation. So an operation is known by its object, and not by its id.
 *
 *     wanted ── the work is done ──────────────────────────────▶ over
 *       └────── the client completes it, or disconnects ▶ unwanted ── the work is done ──▶ over
 *
 * The work of an unwanted operation goes on, because it may have had an effect. Its results are dropped, and its stream
 * is ended.
 */
export class Operation {
  readonly id: string
  #isWanted = true
  #isReleased = false
  #endSession: Dispose | undefined
  #live: LiveUse | undefined
  #stream: Stream | undefined

  constructor(id: string) {
    this.id = id
  }

  /** Whether the client waits for results. */
  get isWanted(): boolean {
    return this.#isWanted
  }

  /** Attaches the session that it runs with. */
  attachSession({ dispose }: SessionUse): void {
    if (this.#isReleased) dispose()
    else this.#endSession = dispose
  }

  /** Attaches the count of a live subscription of its user. */
  attachLive(live: LiveUse): void {
    if (this.#isReleased) live.dispose()
    else this.#live = live
  }

  /** Attaches its stream of results. Ends the stream if no results are wanted any more. */
  async attachStream(stream: Stream): Promise<void> {
    if (this.#isWanted) this.#stream = stream
    else await stream.return(undefined)
  }

  /** No results are wanted any more. Resolves when the stream has ended. */
  async abandon(): Promise<void> {
    this.#isWanted = false
    await this.#stream?.return(undefined)
  }

  /** Releases what it holds. */
  release(): void {
    this.#isReleased = true
    this.#endSession?.()
    this.#live?.dispose()
    this.#endSession = undefined
    this.#live = undefined
  }
}

/**
 * The running operations of one connection. There are few, so that a map would only cost memory. `concat` makes
 * a list of exactly the length that is needed, and `push` one with room for 16 more.
 */
export class RunningOperations {
  #running: readonly Operation[] = NONE

  /** Includes those that the client has completed, and whose work goes on. */
  get count(): number {
    return this.#running.length
  }

  /** Whether the client waits for results of an operation with this id. */
  has(id: string): boolean {
    return this.#find(id) !== undefined
  }

  begin(id: string): Operation {
    const operation = new Operation(id)
    this.#running = this.#running.concat(operation)
    return operation
  }

  /** The work of the operation is done. */
  end(operation: Operation): void {
    operation.release()
    const others = this.#running.filter((other) => other !== operation)
    this.#running = others.length === 0 ? NONE : others
  }

  /** The client wants no more results. Resolves when the stream of the operation, if it has one, has ended. */
  async complete(id: string): Promise<void> {
    await this.#find(id)?.abandon()
  }

  /** The connection is closed. Resolves when every stream has ended. */
  async endAll(): Promise<void> {
    const operations = this.#running
    this.#running = NONE
    for (const operation of operations) operation.release()
    await Promise.all(operations.map((operation) => operation.abandon()))
  }

  #find(id: string): Operation | undefined {
    return this.#running.find((operation) => operation.id === id && operation.isWanted)
  }
}

const NONE: readonly Operation[] = []

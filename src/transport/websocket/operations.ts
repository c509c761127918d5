import type { Dispose } from '../../lib/dispose.ts'
import type { SessionUse } from './sessions.ts'

type Stream = Readonly<{ return?: (value: undefined) => Promise<unknown> }>

/**
 * One running operation, with the resources that are released when it ends. Its key is the message object, not the id
 * that the client chose: a client may use an id again while the first operation with that id is still starting or
 * ending.
 */
type RunningOperation = {
  readonly message: object
  sessionUse: SessionUse | undefined
  stream: Stream | undefined
  /** Ends its count among the live subscriptions of its user. */
  endLive: Dispose | undefined
}

/** The running operations of one connection. There are few, so that a map, or an array with room, would cost memory. */
export class RunningOperations {
  #running: RunningOperation[] = []

  get count(): number {
    return this.#running.length
  }

  begin(message: object): void {
    this.#running = [
      ...this.#running,
      { message, sessionUse: undefined, stream: undefined, endLive: undefined },
    ]
  }

  /** Attaches the session of the operation. If the operation is over already, the session is disposed of at once. */
  attachSession(message: object, sessionUse: SessionUse): void {
    const operation = this.#find(message)
    if (operation === undefined) sessionUse.dispose()
    else operation.sessionUse = sessionUse
  }

  /** Attaches the count of a live subscription. If the operation is over already, it is disposed of at once. */
  attachLive(message: object, endLive: Dispose): void {
    const operation = this.#find(message)
    if (operation === undefined) endLive()
    else operation.endLive = endLive
  }

  /** Attaches the result of the operation, if it is a stream. */
  attachStream(message: object, result: unknown): void {
    const operation = this.#find(message)
    if (operation !== undefined && isStream(result)) operation.stream = result
  }

  end(message: object): void {
    const operation = this.#find(message)
    if (operation === undefined) return
    this.#running.splice(this.#running.indexOf(operation), 1)
    operation.sessionUse?.dispose()
    operation.endLive?.()
  }

  /** Ends all operations. Resolves when every stream has ended. The sessions end with the connection. */
  async endAll(): Promise<void> {
    const operations = this.#running
    this.#running = []
    for (const { endLive } of operations) endLive?.()
    await Promise.all(operations.map(async ({ stream }) => stream?.return?.(undefined)))
  }

  #find(message: object): RunningOperation | undefined {
    return this.#running.find((operation) => operation.message === message)
  }
}

function isStream(result: unknown): result is Stream {
  return typeof result === 'object' && result !== null && Symbol.asyncIterator in result
}

import type { SessionUse } from './sessions.ts'

type Stream = Readonly<{ return?: (value: undefined) => Promise<unknown> }>

/** One operation under way on a connection. What it holds is let go of when it ends, however it ends. */
type LiveOperation = { lease: SessionUse | undefined; stream: Stream | undefined }

/**
 * The operations under way on one connection, each known by its message. Not by the id that the client chose for it:
 * a client may use an id again while the first operation of that name is still being set up or wound down.
 */
export class RunningOperations {
  readonly #live = new Map<object, LiveOperation>()

  get count(): number {
    return this.#live.size
  }

  begin(message: object): void {
    this.#live.set(message, { lease: undefined, stream: undefined })
  }

  /** The operation runs with this session; when it is over already, the session is let go of at once. */
  attachSession(message: object, lease: SessionUse): void {
    const operation = this.#live.get(message)
    if (operation === undefined) lease.release()
    else operation.lease = lease
  }

  /** The operation answers with this stream, if it is one. */
  attachStream(message: object, result: unknown): void {
    const operation = this.#live.get(message)
    if (operation !== undefined && isStream(result)) operation.stream = result
  }

  end(message: object): void {
    this.#live.get(message)?.lease?.release()
    this.#live.delete(message)
  }

  /**
   * Ends all of them, and the connection's sessions with them; resolves when every stream has let go of what it held.
   */
  async endAll(): Promise<void> {
    const operations = [...this.#live.values()]
    this.#live.clear()
    await Promise.all(operations.map(async ({ stream }) => stream?.return?.(undefined)))
  }
}

function isStream(result: unknown): result is Stream {
  return typeof result === 'object' && result !== null && Symbol.asyncIterator in result
}

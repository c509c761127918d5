import path from 'node:path'
import type { Logger } from 'pino'
import { retry } from '../../lib/backoff.ts'
import { lockInstance } from './instance-lock.ts'
import { closeServer, openServer, type Server, type ServerPlace } from './server.ts'

type Log = Pick<Logger, 'info' | 'warn'>

const REVIVAL = { firstMs: 100, maxMs: 2_000 }

/**
 * A server that runs, and is ours alone, until `stop`. The connection that holds the lock is also the watch over the
 * server: it ends when the server does, and then both are taken again, on the same port, for as long as it takes.
 */
export class GuardedServer {
  readonly #place: ServerPlace
  readonly #log: Log | undefined
  readonly #stopping = new AbortController()
  #revival = Promise.resolve()
  #stopped: Promise<void> | undefined

  constructor(place: ServerPlace, log?: Log) {
    this.#place = place
    this.#log = log
  }

  /**
   * Rejects with EmbeddedPostgresError while another instance uses the data, and with the signal's reason when that
   * fires: a server that had been started is ended then.
   */
  async start(signal?: AbortSignal): Promise<Server> {
    try {
      return await this.#open(this.#place, signal)
    } catch (error) {
      signal?.throwIfAborted()
      throw error
    }
  }

  /** Ends the server, and whatever is under way to start it again. Its data stays. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #open(place: ServerPlace, signal = this.#stopping.signal): Promise<Server> {
    const server = await openServer(place, signal)
    try {
      await lockInstance(server.connection, path.dirname(place.folder))
    } catch (error) {
      await server.connection.end()
      throw error
    }
    this.#watch(server)
    const details = { port: server.port, isAdopted: server.isAdopted, as: place.account.description }
    this.#log?.info(details, 'embedded PostgreSQL is running')
    return server
  }

  #watch({ connection, port }: Server): void {
    connection.once('end', () => {
      if (!this.#stopping.signal.aborted) this.#revival = this.#revive(port)
    })
  }

  async #revive(port: number): Promise<void> {
    this.#log?.warn({ port }, 'embedded PostgreSQL went away')
    const { signal } = this.#stopping
    try {
      await retry(() => this.#open({ ...this.#place, port }), this.#shouldRetry, REVIVAL, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  readonly #shouldRetry = (error: unknown): boolean => {
    this.#log?.warn({ err: error }, 'embedded PostgreSQL is not back yet')
    return true
  }

  async #stop(): Promise<void> {
    this.#stopping.abort()
    await this.#revival
    await closeServer(this.#place)
  }
}

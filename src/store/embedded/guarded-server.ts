import path from 'node:path'
import type { Logger } from 'pino'
import { retry } from '../../lib/backoff.ts'
import { lockServer } from './server-lock.ts'
import { closeServer, openServer, type Server, type ServerPlace } from './server.ts'

type Log = Pick<Logger, 'info' | 'warn'>

const RESTART_BACKOFF = { firstMs: 100, maxMs: 2_000 }

/**
 * A server that runs until `stop` and is used by this gateway alone. The connection that holds the lock also monitors
 * the server: when it ends, the server is restarted on the same port and locked again, with retries without end.
 */
export class GuardedServer {
  readonly #place: ServerPlace
  readonly #log: Log | undefined
  readonly #stopping = new AbortController()
  #restarting = Promise.resolve()
  #stopped: Promise<void> | undefined

  constructor(place: ServerPlace, log?: Log) {
    this.#place = place
    this.#log = log
  }

  /**
   * Rejects with EmbeddedPostgresError if another gateway uses the data. If the signal aborts, stops the server and
   * rejects with the signal's reason.
   */
  async start(signal?: AbortSignal): Promise<Server> {
    try {
      return await this.#open(this.#place, signal)
    } catch (error) {
      signal?.throwIfAborted()
      throw error
    }
  }

  /** Stops the server, and any restart in progress. Keeps its data. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #open(place: ServerPlace, signal = this.#stopping.signal): Promise<Server> {
    const server = await openServer(place, signal)
    try {
      await lockServer(server.connection, path.dirname(place.folder))
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
      if (!this.#stopping.signal.aborted) this.#restarting = this.#restart(port)
    })
  }

  async #restart(port: number): Promise<void> {
    this.#log?.warn({ port }, 'embedded PostgreSQL died; restarting it')
    const { signal } = this.#stopping
    try {
      await retry(() => this.#open({ ...this.#place, port }), this.#shouldRetry, RESTART_BACKOFF, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  readonly #shouldRetry = (error: unknown): boolean => {
    this.#log?.warn({ err: error }, 'embedded PostgreSQL restart failed; retrying')
    return true
  }

  async #stop(): Promise<void> {
    this.#stopping.abort()
    await this.#restarting
    await closeServer(this.#place)
  }
}

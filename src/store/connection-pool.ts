import { AsyncLocalStorage } from 'node:async_hooks'
import pg from 'pg'
import type { Logger } from 'pino'
import { connectionConfig, type SessionSettings } from './connection-config.ts'
import { isConnectionSpoilt } from './database-error.ts'
import { deadlineClient } from './deadline-client.ts'
import { runStatement, type Statement } from './statement.ts'

export type ConnectionPoolOptions = Readonly<{
  url: string
  /** What the server lists the sessions as. */
  name: string
  /** Sessions that only read, each transaction as of one moment. */
  isReadOnly: boolean
  size: number
  /** How long a statement may take before its connection is given up. */
  queryDeadlineMs: number
  logger: Pick<Logger, 'warn'>
}>

type OnConnect = (error: Error | undefined, client: pg.PoolClient | undefined, done: () => void) => void

const IDLE_MS = 300_000

/** Connections to one database, for Prisma and for our own SQL alike. Opens the first when it is needed. */
export class ConnectionPool extends pg.Pool {
  readonly #onBorrow = new AsyncLocalStorage<(client: pg.PoolClient) => void>()

  constructor({ url, name, isReadOnly, size, queryDeadlineMs, logger }: ConnectionPoolOptions) {
    super({
      ...connectionConfig(url, name, sessionSettings(queryDeadlineMs, isReadOnly)),
      max: size,
      idleTimeoutMillis: IDLE_MS,
      Client: deadlineClient(queryDeadlineMs),
    })
    const warn = (error: Error) => logger.warn({ err: error, pool: name }, 'database connection lost')
    // For connections in use, to which the pool does not listen; of the idle ones it tells us again by its own event.
    this.on('connect', (client) => client.on('error', warn))
    this.on('error', () => undefined)
  }

  /** Runs one statement, in a transaction of its own. */
  async run<Row>(statement: Statement, values: readonly unknown[]): Promise<readonly Row[]> {
    const client = await this.connect()
    let isSpoilt = false
    try {
      return await runStatement<Row>(client, statement, values)
    } catch (error) {
      isSpoilt = isConnectionSpoilt(error)
      throw error
    } finally {
      client.release(isSpoilt)
    }
  }

  /**
   * Runs `work`, and tells of each connection that is borrowed by promise on its behalf, however deep in other
   * people's code: that is how SQL of our own gets onto the connection of a transaction that Prisma has begun.
   */
  observe<Result>(onBorrow: (client: pg.PoolClient) => void, work: () => Promise<Result>): Promise<Result> {
    return this.#onBorrow.run(onBorrow, work)
  }

  override connect(): Promise<pg.PoolClient>
  override connect(callback: OnConnect): void
  override connect(callback?: OnConnect): Promise<pg.PoolClient> | void {
    return callback === undefined ? this.#borrow() : super.connect(callback)
  }

  async #borrow(): Promise<pg.PoolClient> {
    const client = await super.connect()
    this.#onBorrow.getStore()?.(client)
    return client
  }
}

// The server gives up first, which leaves no doubt about the outcome: on a lock, then on the statement. Only where it
// can't, as in a commit that waits for a standby, or where the network is silent, the connection's own deadline acts.
// A gateway that froze inside a transaction does not hold its locks for longer than that either.
function sessionSettings(queryDeadlineMs: number, isReadOnly: boolean): SessionSettings {
  const share = (part: number) => String(Math.ceil(queryDeadlineMs * part))
  return {
    lock_timeout: share(0.7),
    statement_timeout: share(0.85),
    idle_in_transaction_session_timeout: share(1),
    default_transaction_read_only: isReadOnly ? 'on' : 'off',
    // Here rather than with each transaction, where it would cost a round trip.
    default_transaction_isolation: isReadOnly ? 'repeatable read' : 'read committed',
  }
}

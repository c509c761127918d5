import { AsyncLocalStorage } from 'node:async_hooks'
import { callbackify } from 'node:util'
import pg, { type ClientBase } from 'pg'
import type { Logger } from 'pino'
import { connectionConfig, type SessionSettings } from './connection-config.ts'
import { isConnectionSpoilt } from './database-error.ts'
import { deadlineClient } from './deadline-client.ts'
import { runStatement, type Statement } from './statement.ts'

export type ConnectionPoolOptions = Readonly<{
  url: string
  /** Where connections lead, when that changes with time; default: to the URL. */
  target?: ConnectionTarget
  /** What the server lists the sessions as. */
  name: string
  /** Sessions that only read, each transaction as of one moment. */
  isReadOnly: boolean
  size: number
  /** How long a statement may take before its connection is given up. */
  queryDeadlineMs: number
  logger: Pick<Logger, 'warn'>
}>

/** A place that connections lead to, which may be another one tomorrow. */
export type ConnectionTarget = Readonly<{
  /** The URL of the host that is connected to now. */
  url(): string
  /** Resolves when there is a place to connect to; rejects when none is found in time. */
  ready(): Promise<unknown>
  /** Rejects where a new connection has led to a server that it must not be used on. */
  verify(client: ClientBase): Promise<void>
  /** A connection was lost, or its server does not do what it is there for. */
  reportFailure(): void
  /** Calls back when all connections made so far lead to the wrong place. */
  onMoved(listener: () => void): void
}>

type OnConnect = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  done: (error?: Error | boolean) => void,
) => void

const IDLE_MS = 300_000
/** SQLSTATE of a write on a server in recovery. */
const READ_ONLY = '25006'

/** Connections to one database, for Prisma and for our own SQL alike. Opens the first when it is needed. */
export class ConnectionPool extends pg.Pool {
  readonly #onBorrow = new AsyncLocalStorage<(client: pg.PoolClient) => void>()

  readonly #place: ConnectionTarget | undefined
  readonly #isReadOnly: boolean
  readonly #open = new Set<pg.PoolClient>()
  /** Connections to what was the primary, and takes no writes any more. */
  readonly #demoted = new WeakSet<pg.PoolClient>()

  constructor({
    url,
    target: place,
    name,
    isReadOnly,
    size,
    queryDeadlineMs,
    logger,
  }: ConnectionPoolOptions) {
    const configFor = (address: string) =>
      connectionConfig(address, name, sessionSettings(queryDeadlineMs, isReadOnly))
    super({
      ...configFor(url),
      max: size,
      idleTimeoutMillis: IDLE_MS,
      Client: deadlineClient(queryDeadlineMs, () => configFor(place?.url() ?? url)),
      ...verified(place),
    })
    this.#place = place
    this.#isReadOnly = isReadOnly
    const warn = (error: Error) => logger.warn({ err: error, pool: name }, 'database connection lost')
    // For connections in use, to which the pool does not listen; of the idle ones it tells us again by its own event.
    this.on('connect', (client) => {
      client.on('error', (error) => {
        warn(error)
        place?.reportFailure()
      })
      this.#watch(client)
    })
    this.on('error', () => undefined)
    this.on('release', (_, client) => {
      if (this.#demoted.has(client)) void client.end()
    })
    place?.onMoved(() => this.#cutAll())
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
    if (callback === undefined) return this.#borrow()
    callbackify(() => this.#borrow())((error, client) => {
      if (isNone(error)) callback(undefined, client, (reason) => client.release(reason))
      else callback(error, undefined, () => undefined)
    })
  }

  async #borrow(): Promise<pg.PoolClient> {
    if (!this.ending) await this.#place?.ready()
    try {
      const client = await super.connect()
      this.#onBorrow.getStore()?.(client)
      return client
    } catch (error) {
      this.#place?.reportFailure()
      throw error
    }
  }

  /** Whatever the way that a statement came by, a server that refuses to write is not the one to write to. */
  #watch(client: pg.PoolClient): void {
    this.#open.add(client)
    client.once('end', () => this.#open.delete(client))
    if (this.#isReadOnly) return
    client.connection.on('errorMessage', ({ code }: Readonly<{ code?: string }>) => {
      if (code !== READ_ONLY) return
      this.#demoted.add(client)
      this.#place?.reportFailure()
    })
  }

  /**
   * Cuts the connections, those in use too: what is under way on them ends with an unknown outcome, now rather than at
   * its deadline. The pool goes on, and so does Prisma on it: only where new connections lead has changed.
   */
  #cutAll(): void {
    for (const client of this.#open) client.connection.stream.destroy()
    this.#open.clear()
  }
}

/** A success has null in its place, which the types of Node.js don't say. */
function isNone(error: unknown): boolean {
  return error === null
}

/** The pool waits for what `onConnect` promises, which its types don't say. */
function verified(place: ConnectionTarget | undefined): object {
  return place === undefined ? {} : { onConnect: (client: ClientBase) => place.verify(client) }
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
    // One plan for a statement, whatever the values: by keys, row for row. For the first values that come a planner may
    // well prefer to read a whole table once, or a whole chat, and be wrong about the next ones.
    plan_cache_mode: 'force_generic_plan',
  }
}

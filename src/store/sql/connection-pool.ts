import { AsyncLocalStorage } from 'node:async_hooks'
import { callbackify } from 'node:util'
import pg, { type ClientBase } from 'pg'
import type { Logger } from 'pino'
import { connectionConfig, type SessionSettings } from './connection-config.ts'
import { isConnectionUnusable } from './database-error.ts'
import { deadlineClient } from './deadline-client.ts'
import { runStatement, type Statement, type StatementCall } from './statement.ts'

export type ConnectionPoolOptions = Readonly<{
  url: string
  /** The target, if it changes over time. Default: the URL. */
  target?: ConnectionTarget
  /** The application name of the sessions. */
  name: string
  /** Whether sessions only read, each transaction in one snapshot. */
  isReadOnly: boolean
  size: number
  /** How long a statement may take before its connection is closed. */
  queryDeadlineMs: number
  /** Run on each new connection before its first use, so that the server has parsed and planned them. */
  warmUp?: readonly StatementCall[]
  /** Connections that stay open when nothing uses them. Default: 0. */
  minSize?: number
  logger: Pick<Logger, 'warn'>
}>

/** The server that connections lead to. It may change. */
export type ConnectionTarget = Readonly<{
  /** The URL for new connections. */
  url(): string
  /** Resolves when there is a server to connect to. Rejects if none is found in time. */
  ready(): Promise<unknown>
  /** Rejects if a new connection leads to a server that must not be used. */
  verify(client: ClientBase): Promise<void>
  /** Called when a connection was lost, or when its server does not accept writes. */
  reportFailure(): void
  /** Calls `listener` when all connections made so far lead to the wrong server. */
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

/** The connections to one database, for Prisma and SQL alike. Opens the first one when it is needed. */
export class ConnectionPool extends pg.Pool {
  readonly #onBorrow = new AsyncLocalStorage<(client: pg.PoolClient) => void>()

  readonly #target: ConnectionTarget | undefined
  readonly #isReadOnly: boolean
  readonly #open = new Set<pg.PoolClient>()
  /** Connections to a former primary that no longer accepts writes. */
  readonly #demoted = new WeakSet<pg.PoolClient>()

  constructor(options: ConnectionPoolOptions) {
    const { url, target, name, isReadOnly, size, queryDeadlineMs, warmUp = [], minSize = 0, logger } = options
    const configFor = (address: string) =>
      connectionConfig(address, name, sessionSettings(queryDeadlineMs, isReadOnly))
    super({
      ...configFor(url),
      max: size,
      min: minSize,
      idleTimeoutMillis: IDLE_MS,
      Client: deadlineClient(queryDeadlineMs, () => configFor(target?.url() ?? url)),
      ...onConnect(async (client) => {
        await target?.verify(client)
        await warmUpConnection(client, warmUp)
      }),
    })
    this.#target = target
    this.#isReadOnly = isReadOnly
    const warn = (error: Error) => logger.warn({ err: error, pool: name }, 'database connection lost')
    // The pool does not listen to connections in use. For idle ones it emits the error a second time, as its own event.
    this.on('connect', (client) => {
      client.on('error', (error) => {
        // The server may stop before it has read that a connection is over.
        if (this.ending) return
        warn(error)
        target?.reportFailure()
      })
      this.#track(client)
    })
    this.on('error', () => undefined)
    this.on('release', (_, client) => {
      if (this.#demoted.has(client)) void client.end()
    })
    target?.onMoved(() => this.#closeAll())
  }

  /** Runs one statement in its own transaction. */
  async run<Row>(statement: Statement, values: readonly unknown[]): Promise<readonly Row[]> {
    const client = await this.connect()
    let isUnusable = false
    try {
      return await runStatement<Row>(client, statement, values)
    } catch (error) {
      isUnusable = isConnectionUnusable(error)
      throw error
    } finally {
      client.release(isUnusable)
    }
  }

  /**
   * Runs `work`, and calls `onBorrow` with each connection that is borrowed in its async context, also by libraries.
   * SQL gets onto the connection of a Prisma transaction this way.
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
    if (!this.ending) await this.#target?.ready()
    try {
      const client = await super.connect()
      this.#onBorrow.getStore()?.(client)
      return client
    } catch (error) {
      this.#target?.reportFailure()
      throw error
    }
  }

  /** If the server reports that it is read-only, to any statement, it is no longer the primary. */
  #track(client: pg.PoolClient): void {
    this.#open.add(client)
    client.once('end', () => this.#open.delete(client))
    if (this.#isReadOnly) return
    client.connection.on('errorMessage', ({ code }: Readonly<{ code?: string }>) => {
      if (code !== READ_ONLY) return
      this.#demoted.add(client)
      this.#target?.reportFailure()
    })
  }

  /**
   * Closes all connections, including those in use. Statements in progress fail now, with an unknown outcome, instead
   * of at their deadline. The pool and Prisma continue with new connections to the new target.
   */
  #closeAll(): void {
    for (const client of this.#open) client.connection.stream.destroy()
    this.#open.clear()
  }
}

/** On success the error is null, which the types of Node.js do not allow for. */
function isNone(error: unknown): boolean {
  return error === null
}

/** The pool awaits `onConnect`, which its types do not say. */
function onConnect(prepare: (client: ClientBase) => Promise<void>): object {
  return { onConnect: prepare }
}

/**
 * Stops at the first failure: the tables may not exist yet, or be locked by a migration. The rest is then only slower
 * when it is used first.
 */
async function warmUpConnection(client: ClientBase, calls: readonly StatementCall[]): Promise<void> {
  try {
    for (const { statement, values } of calls) await runStatement(client, statement, values)
  } catch (error) {
    if (isConnectionUnusable(error)) throw error
  }
}

// The server's limits for locks and statements end first, so that the outcome is known. The connection's own deadline
// acts only if the server cannot: when a commit waits for a standby, or the network is silent. A gateway that freezes
// inside a transaction holds its locks no longer than that.
function sessionSettings(queryDeadlineMs: number, isReadOnly: boolean): SessionSettings {
  const share = (part: number) => String(Math.ceil(queryDeadlineMs * part))
  return {
    lock_timeout: share(0.7),
    statement_timeout: share(0.85),
    idle_in_transaction_session_timeout: share(1),
    default_transaction_read_only: isReadOnly ? 'on' : 'off',
    // Set here, because setting it for each transaction would cost a round trip.
    default_transaction_isolation: isReadOnly ? 'repeatable read' : 'read committed',
    // One plan per statement, for all values: by keys. A plan for the first values may scan a whole table or chat,
    // and be wrong for the next values.
    plan_cache_mode: 'force_generic_plan',
  }
}

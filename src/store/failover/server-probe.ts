import type pg from 'pg'
import { createBatcher } from '../../lib/batcher.ts'
import { connectionConfig } from '../sql/connection-config.ts'
import { deadlineClient } from '../sql/deadline-client.ts'
import { SERVER_STATE, type ServerState, type ServerStateRow, toServerState } from '../sql/server-state.ts'
import { runStatement, type Statement } from '../sql/statement.ts'

/** A separate connection to one server for reading its state. Connects at the first call, and again after a failure. */
export type ServerProbe = Readonly<{
  /**
   * Reads the server's state, at some moment after the call. Callers that arrive while a read is in progress share the
   * next one. Rejects if the server does not answer in time.
   */
  readState(): Promise<ServerState>
  /** Runs a statement on the same connection. */
  run(statement: Statement, values: readonly unknown[]): Promise<void>
  close(): Promise<void>
}>

/**
 * The time for connecting, and for a statement, in milliseconds. Connecting takes four round trips, which are 3.2 s if
 * the server is 400 ms away each way.
 */
const DEADLINE_MS = 4_000
const MAX_WAITING = 100_000

export function createServerProbe(url: string): ServerProbe {
  const Client = deadlineClient(DEADLINE_MS)
  const config = { ...connectionConfig(url, 'parley-probe', {}), connectionTimeoutMillis: DEADLINE_MS }
  let connected: Promise<pg.Client> | undefined
  let isClosed = false

  async function connect(): Promise<pg.Client> {
    const client = new Client(config)
    // A lost connection also fails the statement in progress or the next one. Without a listener the event would end
    // the process.
    client.on('error', () => undefined)
    client.once('end', () => (connected = undefined))
    await client.connect()
    return client
  }

  async function query<Row>(statement: Statement, values: readonly unknown[] = []): Promise<readonly Row[]> {
    if (isClosed) throw new Error('The probe is closed')
    connected ??= connect()
    const own = connected
    try {
      return await runStatement<Row>(await own, statement, values)
    } catch (error) {
      if (connected === own) connected = undefined
      await own.then(
        (client) => client.end(),
        () => undefined,
      )
      throw error
    }
  }

  async function state(): Promise<ServerState> {
    const askedAt = performance.now()
    const [row] = await query<ServerStateRow>(SERVER_STATE)
    if (row === undefined) throw new Error('The server returned no row')
    return toServerState(row, askedAt, performance.now())
  }

  const reads = createBatcher<undefined, ServerState>({
    run: async (batch) => Array.from<ServerState>({ length: batch.length }).fill(await state()),
    maxBatch: MAX_WAITING,
    maxWaiting: MAX_WAITING,
  })

  return {
    readState: () => reads.submit(undefined),
    run: async (statement, values) => void (await query(statement, values)),
    async close() {
      isClosed = true
      await connected?.then(
        (client) => client.end(),
        () => undefined,
      )
    },
  }
}

import type pg from 'pg'
import { createBatcher } from '../../lib/batcher.ts'
import { connectionConfig } from '../sql/connection-config.ts'
import { deadlineClient } from '../sql/deadline-client.ts'
import { SERVER_STATE, type ServerState, type ServerStateRow, toServerState } from '../sql/server-state.ts'
import { runStatement, type Statement } from '../sql/statement.ts'

/** A connection of its own to one server, to ask how it stands; made again whenever it is asked and there is none. */
export type ServerProbe = Readonly<{
  /**
   * How the server stands at a moment after the call. Those who ask while a look is under way share the next one, so
   * that one statement at a time answers everybody. Rejects after a second, and when the server can't be reached.
   */
  look(): Promise<ServerState>
  /** Runs a statement, in turn with the looks. */
  run(statement: Statement, values: readonly unknown[]): Promise<void>
  close(): Promise<void>
}>

const DEADLINE_MS = 1_000
const MAX_WAITING = 100_000

export function createServerProbe(url: string): ServerProbe {
  const Client = deadlineClient(DEADLINE_MS)
  const config = { ...connectionConfig(url, 'parley-probe', {}), connectionTimeoutMillis: DEADLINE_MS }
  let connected: Promise<pg.Client> | undefined
  let isClosed = false

  async function connect(): Promise<pg.Client> {
    const client = new Client(config)
    // What is lost shows in the statement under way, or in the next; the event says it a second time.
    client.on('error', () => undefined)
    client.once('end', () => (connected = undefined))
    await client.connect()
    return client
  }

  async function ask<Row>(statement: Statement, values: readonly unknown[] = []): Promise<readonly Row[]> {
    if (isClosed) throw new Error('The probe is closed')
    connected ??= connect()
    const mine = connected
    try {
      return await runStatement<Row>(await mine, statement, values)
    } catch (error) {
      if (connected === mine) connected = undefined
      await mine.then(
        (client) => client.end(),
        () => undefined,
      )
      throw error
    }
  }

  async function state(): Promise<ServerState> {
    const [row] = await ask<ServerStateRow>(SERVER_STATE)
    if (row === undefined) throw new Error('The server answered without a row')
    return toServerState(row)
  }

  const looks = createBatcher<undefined, ServerState>({
    run: async (batch) => Array.from<ServerState>({ length: batch.length }).fill(await state()),
    maxBatch: MAX_WAITING,
    maxWaiting: MAX_WAITING,
  })

  return {
    look: () => looks.submit(undefined),
    run: async (statement, values) => void (await ask(statement, values)),
    async close() {
      isClosed = true
      await connected?.then(
        (client) => client.end(),
        () => undefined,
      )
    },
  }
}

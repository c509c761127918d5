import pg from 'pg'
import type { Dispose } from '../lib/dispose.ts'
import { connectionConfig } from '../store/sql/connection-config.ts'

/** A separate connection. It is closed when it is disposed or the signal aborts, even during a statement. */
export type BackupConnection = AsyncDisposable &
  Readonly<{
    client: pg.Client
    /** From now on the signal has no effect. Throws its reason if it has aborted already. */
    ignoreAbort(): void
  }>

/** Copying a table takes as long as it takes, even if the role has limits for the statements of gateways. */
const SETTINGS = { statement_timeout: '0', idle_in_transaction_session_timeout: '0', lock_timeout: '10000' }

/*
 * The text representation of values, in which tables are copied and digests computed. Set inside the transaction, so
 * that it also works behind a pooler that drops start-up options.
 */
const REPRESENTATION = `
  SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = 'iso_8601';
  SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1; SET LOCAL client_encoding = 'UTF8'`

export async function openConnection(
  url: string,
  applicationName: string,
  signal: AbortSignal,
): Promise<BackupConnection> {
  signal.throwIfAborted()
  const client = new pg.Client(connectionConfig(url, applicationName, SETTINGS))
  // A lost connection also fails the statement in progress. Without a listener the event would end the process.
  client.on('error', () => undefined)
  await client.connect()
  let ending: Promise<void> | undefined
  const end = (): Promise<void> => (ending ??= client.end())
  const onAbort = (): void => void end()
  const dispose: Dispose = () => signal.removeEventListener('abort', onAbort)
  signal.addEventListener('abort', onAbort, { once: true })
  return {
    client,
    ignoreAbort() {
      signal.throwIfAborted()
      dispose()
    },
    [Symbol.asyncDispose]() {
      dispose()
      return end()
    },
  }
}

/** Begins a read-only transaction with one snapshot for all reads. It blocks no other transaction. */
export async function beginSnapshot({ client }: BackupConnection): Promise<void> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  await client.query(REPRESENTATION)
}

/** Begins a transaction that fills tables. */
export async function beginRestore({ client }: BackupConnection): Promise<void> {
  await client.query('BEGIN')
  await client.query(REPRESENTATION)
}

/** Commits the transaction. The commit itself cannot be aborted. */
export async function commit(connection: BackupConnection): Promise<void> {
  connection.ignoreAbort()
  await connection.client.query('COMMIT')
}

import pg from 'pg'
import { connectionConfig } from '../store/sql/connection-config.ts'

/** A connection of one's own, which ends when it is disposed of, or when the signal fires, whatever it is doing. */
export type Session = AsyncDisposable &
  Readonly<{
    client: pg.Client
    /** From here on the signal ends nothing any more. Throws its reason where it has fired already. */
    passPointOfNoReturn(): void
  }>

/** A table is copied for as long as it takes, whatever an operator has set for statements of gateways. */
const SETTINGS = { statement_timeout: '0', idle_in_transaction_session_timeout: '0', lock_timeout: '10000' }

/*
 * How values read as text, which is what is copied and what digests are made of. Inside the transaction, and so also
 * behind a pooler that drops start-up options.
 */
const REPRESENTATION = `
  SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = 'iso_8601';
  SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1; SET LOCAL client_encoding = 'UTF8'`

export async function openSession(
  url: string,
  applicationName: string,
  signal: AbortSignal,
): Promise<Session> {
  signal.throwIfAborted()
  const client = new pg.Client(connectionConfig(url, applicationName, SETTINGS))
  // A connection that breaks fails the statement under way; the event says it a second time.
  client.on('error', () => undefined)
  await client.connect()
  let ending: Promise<void> | undefined
  const end = (): Promise<void> => (ending ??= client.end())
  const onAbort = (): void => void end()
  const stopListening = (): void => signal.removeEventListener('abort', onAbort)
  signal.addEventListener('abort', onAbort, { once: true })
  return {
    client,
    passPointOfNoReturn() {
      signal.throwIfAborted()
      stopListening()
    },
    [Symbol.asyncDispose]() {
      stopListening()
      return end()
    },
  }
}

/** One snapshot for everything that is read, in which nothing can be written. Nobody waits for it. */
export async function beginSnapshot({ client }: Session): Promise<void> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  await client.query(REPRESENTATION)
}

/** A transaction that fills tables. */
export async function beginRestore({ client }: Session): Promise<void> {
  await client.query('BEGIN')
  await client.query(REPRESENTATION)
}

/** What was done is there from now on, all of it; what was only read is let go of. Nothing can break it off. */
export async function commit(session: Session): Promise<void> {
  session.passPointOfNoReturn()
  await session.client.query('COMMIT')
}

import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { connectionConfig } from '../sql/connection-config.ts'
import { compareMigrations, readMigrations, type Migration, type MigrationStatus } from './migration.ts'
import {
  ensureHistory,
  forgetFailed,
  readHistory,
  recordFailed,
  recordFinished,
} from './migration-history.ts'

type Place = Readonly<{
  url: string
  /** Default: the migrations that came with this version of Parley. */
  directory?: string
}>

export type MigrateOptions = Place &
  Readonly<{
    /** Try again what failed before. Default: refuse, so that a restart loop doesn't. */
    retryFailed?: boolean
    /** No others than these, by name. Default: all. */
    only?: readonly string[]
    onApplied?: (name: string) => void
  }>

/** What a run of `migrate` did, and what it found that this version doesn't know. */
export type MigrateResult = Readonly<{ applied: readonly string[]; unknown: readonly string[] }>

/** The database can't be migrated. The message is for the operator: what is wrong, and what to do about it. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError'
}

const MIGRATIONS = fileURLToPath(new URL('../../../prisma/migrations', import.meta.url))
/** The advisory lock that Prisma's own command line takes as well. */
const LOCK_KEY = 72_707_369
const LOCK_TIMEOUT_MS = 60_000
const OWN_TRANSACTION = 'it ends its own transaction, which it must not; what it did before that is there'

/**
 * Applies what is pending, each migration in one transaction together with the note that it was applied: a process
 * that dies on the way leaves nothing half-done. Of several at once, one works and the others wait for up to a
 * minute, then find nothing left to do. Needs neither Prisma's native engine nor a network.
 * Throws MigrationError where a migration was edited after it was applied, failed before, or fails now.
 */
export async function migrate(options: MigrateOptions): Promise<MigrateResult> {
  const { url, directory = MIGRATIONS, retryFailed = false, only, onApplied } = options
  const migrations = await readMigrations(directory)
  await using session = await openSession(url)
  await lock(session.client)
  await ensureHistory(session.client)
  if (retryFailed) await forgetFailed(session.client)
  const { pending, unknown, edited, failed } = compareMigrations(
    migrations,
    await readHistory(session.client),
  )
  requireNone(edited, failed)
  const applied = pending.filter((name) => only?.includes(name) ?? true)
  for (const migration of migrations.filter(({ name }) => applied.includes(name))) {
    await apply(session.client, migration)
    onApplied?.(migration.name)
  }
  return { applied, unknown }
}

/** The migrations that came with this version of Parley, in the order in which they apply. */
export function knownMigrations(directory = MIGRATIONS): Promise<readonly Migration[]> {
  return readMigrations(directory)
}

/** How a database stands. Changes nothing in it, and waits for nobody. */
export async function migrationStatus({ url, directory = MIGRATIONS }: Place): Promise<MigrationStatus> {
  await using session = await openSession(url)
  return compareMigrations(await readMigrations(directory), await readHistory(session.client))
}

async function openSession(url: string): Promise<{ client: pg.Client } & AsyncDisposable> {
  const client = new pg.Client(
    connectionConfig(url, 'parley-migrate', { lock_timeout: String(LOCK_TIMEOUT_MS) }),
  )
  // A connection that breaks fails the statement under way; the event says it a second time.
  client.on('error', () => undefined)
  await client.connect()
  return { client, [Symbol.asyncDispose]: () => client.end() }
}

/** Held until the session ends. */
async function lock(client: pg.Client): Promise<void> {
  try {
    await client.query('SELECT pg_advisory_lock($1)', [LOCK_KEY])
  } catch (error) {
    if (!(error instanceof pg.DatabaseError && error.code === '55P03')) throw error
    throw new MigrationError(
      `Another instance has been migrating this database for ${LOCK_TIMEOUT_MS / 1000} seconds. Wait until it has ` +
        `finished; if it hangs, end it, and start again.`,
      { cause: error },
    )
  }
}

function requireNone(edited: readonly string[], failed: readonly string[]): void {
  if (edited.length > 0) {
    throw new MigrationError(
      `This migration was changed after it had been applied: ${edited.join(', ')}. Restore the file as it was, and put ` +
        `the change into a new migration.`,
    )
  }
  if (failed.length > 0) {
    throw new MigrationError(
      `This migration failed before: ${failed.join(', ')}. It was rolled back; why it failed stands in the logs ` +
        `column of the table _prisma_migrations. Mend the cause, then run \`parley migrate --retry\`.`,
    )
  }
}

// The statements of a file go to the server as one text: splitting them at ';' would tear functions apart.
async function apply(client: pg.Client, migration: Migration): Promise<void> {
  try {
    await client.query('BEGIN')
    await client.query(migration.sql)
    if (client.getTransactionStatus() !== 'T') throw new Error(OWN_TRANSACTION)
    await recordFinished(client, migration)
    await client.query('COMMIT')
  } catch (error) {
    throw await failure(client, migration, error)
  }
}

async function failure(client: pg.Client, migration: Migration, error: unknown): Promise<MigrationError> {
  const reason = error instanceof Error ? error.message : String(error)
  const message = `The migration ${migration.name} failed: ${reason}.`
  try {
    await client.query('ROLLBACK')
    await recordFailed(client, migration, reason)
  } catch (unrecorded) {
    const cause = new AggregateError([error, unrecorded])
    return new MigrationError(`${message} The connection was lost; start again to see how it ended.`, {
      cause,
    })
  }
  const advice = 'It was rolled back. Mend the cause, then run `parley migrate --retry`.'
  return new MigrationError(`${message} ${advice}`, { cause: error })
}

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
  /** The folder of the migrations. Default: those of this version. */
  directory?: string
}>

export type MigrateOptions = Place &
  Readonly<{
    /** Retry a migration that failed before. Default: false, so that a restart loop does not repeat it. */
    retryFailed?: boolean
    /** Apply only the migrations with these names. Default: all. */
    only?: readonly string[]
    onApplied?: (name: string) => void
  }>

/** The applied migrations, and those in the database that this version does not know. */
export type MigrateResult = Readonly<{ applied: readonly string[]; unknown: readonly string[] }>

/** The database cannot be migrated. The message tells the operator what is wrong and what to do. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError'
}

const MIGRATIONS = fileURLToPath(new URL('../../../prisma/migrations', import.meta.url))
/** The advisory lock of Prisma's command line. */
const LOCK_KEY = 72_707_369
const LOCK_TIMEOUT_MS = 60_000
const OWN_TRANSACTION = 'it ends its own transaction, which it must not; what it did before that is there'

/**
 * Applies the pending migrations. Each one and its record are committed in one transaction, so a crash leaves nothing
 * half done. Of several concurrent runs, one works, and the others wait up to a minute and then find nothing to do.
 * Needs neither Prisma's native engine nor a network. Throws MigrationError if a migration was edited after it was
 * applied, failed before, or fails now.
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

/** The migrations of this version, in order. */
export function knownMigrations(directory = MIGRATIONS): Promise<readonly Migration[]> {
  return readMigrations(directory)
}

/** Compares a database with the known migrations. Changes nothing and takes no lock. */
export async function migrationStatus({ url, directory = MIGRATIONS }: Place): Promise<MigrationStatus> {
  await using session = await openSession(url)
  return compareMigrations(await readMigrations(directory), await readHistory(session.client))
}

async function openSession(url: string): Promise<{ client: pg.Client } & AsyncDisposable> {
  const client = new pg.Client(
    connectionConfig(url, 'parley-migrate', { lock_timeout: String(LOCK_TIMEOUT_MS) }),
  )
  // A lost connection also fails the statement in progress. Without a listener the event would end the process.
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
      `Another gateway has been migrating this database for ${LOCK_TIMEOUT_MS / 1000} seconds. Wait until it has ` +
        `finished. If it hangs, stop it and start again.`,
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
      `This migration failed before: ${failed.join(', ')}. It was rolled back. The reason is in the column logs ` +
        `of the table _prisma_migrations. Fix the cause, then run \`parley migrate --retry\`.`,
    )
  }
}

// A file is sent as one text: splitting it at ';' would break function bodies.
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
    return new MigrationError(
      `${message} The connection was lost, so the outcome is unknown. Run it again.`,
      {
        cause,
      },
    )
  }
  const advice = 'It was rolled back. Fix the cause, then run `parley migrate --retry`.'
  return new MigrationError(`${message} ${advice}`, { cause: error })
}

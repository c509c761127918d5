import { randomUUID } from 'node:crypto'
import type { ClientBase } from 'pg'
import type { Migration, MigrationRecord } from './migration.ts'

// Prisma's own table, so that Prisma's command line and Parley accept each other's results.
const CREATE_TABLE = `
  CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum VARCHAR(64) NOT NULL,
    finished_at TIMESTAMPTZ,
    migration_name VARCHAR(255) NOT NULL,
    logs TEXT,
    rolled_back_at TIMESTAMPTZ,
    started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0
  )`

const READ = `
  SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS "isFinished"
  FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at, migration_name`

const INSERT_FINISHED = `
  INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
  VALUES ($1, $2, $3, now(), clock_timestamp(), 1)`

const INSERT_FAILED = `
  INSERT INTO _prisma_migrations (id, checksum, migration_name, logs) VALUES ($1, $2, $3, $4)`

const FORGET_FAILED = `
  UPDATE _prisma_migrations SET rolled_back_at = now() WHERE finished_at IS NULL AND rolled_back_at IS NULL`

/** The migrations that were started on a database, oldest first. Empty for a new database. Changes nothing. */
export async function readHistory(client: ClientBase): Promise<readonly MigrationRecord[]> {
  const { rows } = await client.query<{ exists: boolean }>(
    `SELECT to_regclass('_prisma_migrations') IS NOT NULL AS exists`,
  )
  if (rows[0]?.exists !== true) return []
  return (await client.query<MigrationRecord>(READ)).rows
}

/** Creates the table if it is missing. */
export async function ensureHistory(client: ClientBase): Promise<void> {
  await client.query(CREATE_TABLE)
}

/** Records a migration, in the transaction that applies it. */
export async function recordFinished(client: ClientBase, { checksum, name }: Migration): Promise<void> {
  await client.query(INSERT_FINISHED, [randomUUID(), checksum, name])
}

/** Records a failure, after the transaction was rolled back. */
export async function recordFailed(
  client: ClientBase,
  { checksum, name }: Migration,
  reason: string,
): Promise<void> {
  await client.query(INSERT_FAILED, [randomUUID(), checksum, name, reason])
}

/** Marks failed migrations as rolled back, so that they are retried. */
export async function forgetFailed(client: ClientBase): Promise<void> {
  await client.query(FORGET_FAILED)
}

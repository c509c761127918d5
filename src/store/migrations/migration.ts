import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'

/** A folder of `prisma/migrations`. */
export type Migration = Readonly<{ name: string; sql: string; checksum: string }>

/** The record of a migration in a database, unless it was rolled back. */
export type MigrationRecord = Readonly<{ name: string; checksum: string; isFinished: boolean }>

/** The migrations of a database compared with the known ones. Each name is in one of the lists. */
export type MigrationStatus = Readonly<{
  applied: readonly string[]
  /** Not applied yet, in order. */
  pending: readonly string[]
  /** Changed after they were applied. */
  edited: readonly string[]
  /** Started and not finished. */
  failed: readonly string[]
  /** Applied by a newer version. */
  unknown: readonly string[]
}>

/** Reads the migrations of a folder in order, with checksums as Prisma computes them. */
export async function readMigrations(directory: string): Promise<readonly Migration[]> {
  const entries = await readdir(directory, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  return Promise.all(names.sort().map((name) => readMigration(directory, name)))
}

async function readMigration(directory: string, name: string): Promise<Migration> {
  const content = await readFile(path.join(directory, name, 'migration.sql'))
  return { name, sql: content.toString(), checksum: createHash('sha256').update(content).digest('hex') }
}

/** Compares the known migrations with the records of a database. */
export function compareMigrations(
  migrations: readonly Migration[],
  records: readonly MigrationRecord[],
): MigrationStatus {
  const known = new Map(migrations.map((migration) => [migration.name, migration]))
  const recorded = new Set(records.map(({ name }) => name))
  const finished = records.filter(({ isFinished }) => isFinished)
  const isUnchanged = ({ name, checksum }: MigrationRecord) => known.get(name)?.checksum === checksum
  return {
    applied: namesOf(finished.filter(isUnchanged)),
    pending: namesOf(migrations.filter(({ name }) => !recorded.has(name))),
    edited: namesOf(finished.filter((record) => known.has(record.name) && !isUnchanged(record))),
    failed: namesOf(records.filter(({ isFinished }) => !isFinished)),
    unknown: namesOf(finished.filter(({ name }) => !known.has(name))),
  }
}

function namesOf(named: readonly Readonly<{ name: string }>[]): readonly string[] {
  return named.map(({ name }) => name)
}

import type { Migration, MigrationStatus } from '../store/migrations/migration.ts'
import { BackupError } from './backup-error.ts'
import type { Manifest } from './manifest.ts'

type Origin = Pick<Manifest, 'parleyVersion' | 'migrations'>

/** Throws BackupError where a newer Parley made the backup, or one whose migrations are others. */
export function requireKnownOrigin(
  { parleyVersion, migrations }: Origin,
  ourVersion: string,
  known: readonly Migration[],
): void {
  const checksums = new Map(known.map(({ name, checksum }) => [name, checksum]))
  const unknown = migrations.filter(({ name }) => !checksums.has(name))
  if (unknown.length > 0 || isNewer(parleyVersion, ourVersion)) {
    const names = unknown.length > 0 ? ` (${unknown.map(({ name }) => name).join(', ')})` : ''
    throw new BackupError(
      `The backup was made by Parley ${parleyVersion}, which is newer than this one, ${ourVersion}${names}. Restore it with ` +
        `that version, or a newer one.`,
    )
  }
  const changed = migrations.filter(({ name, checksum }) => checksums.get(name) !== checksum)
  if (changed.length === 0) return
  throw new BackupError(
    `The backup was made with other migrations of the same name: ${changed.map(({ name }) => name).join(', ')}. Restore it ` +
      `with the Parley that made it.`,
  )
}

/** Throws BackupError where the database has migrations that the backup was made without, or any that is amiss. */
export function requireFittingDatabase(
  { migrations }: Origin,
  { applied, unknown, edited, failed }: MigrationStatus,
): void {
  const theirs = new Set(migrations.map(({ name }) => name))
  const wrong = [...unknown, ...edited, ...failed, ...applied.filter((name) => !theirs.has(name))]
  if (wrong.length === 0) return
  throw new BackupError(
    `The database has migrations that do not belong to the backup: ${wrong.join(', ')}. Restore into a database that was ` +
      `just created, without any table; nothing was written.`,
  )
}

/** By the three numbers of a version. */
function isNewer(one: string, other: string): boolean {
  const [ones, others] = [numbersOf(one), numbersOf(other)]
  const differing = ones.findIndex((number, index) => number !== others[index])
  return differing >= 0 && (ones[differing] ?? 0) > (others[differing] ?? 0)
}

function numbersOf(version: string): readonly number[] {
  const [, ...numbers] = /^(\d+)\.(\d+)\.(\d+)/.exec(version) ?? []
  return numbers.map(Number)
}

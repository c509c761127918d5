import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { handOver, runAs, type Account } from './account.ts'
import type { Binaries } from './binaries.ts'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { hasCode, lastLineOf } from '../../lib/error-info.ts'

const PASSWORD_FILE = 'parley.password'
/** initdb takes seconds, so an older staging folder was left by a killed run. */
const ABANDONED_AFTER_MS = 600_000

type Place = Readonly<{
  folder: string
  binaries: Binaries
  account: Account
  /** Aborts the creation of the folder and removes it. */
  signal?: AbortSignal | undefined
}>

/**
 * Creates the data folder if it is missing, and resolves with its password. A complete folder, with the password,
 * appears by a rename. So neither a crash nor two concurrent starts leave an incomplete one.
 */
export async function ensureDataFolder(place: Place): Promise<string> {
  if ((await majorOf(place.folder)) === undefined) await create(place)
  await requireSameMajor(place)
  return (await readFile(path.join(place.folder, PASSWORD_FILE), 'utf8')).trim()
}

async function create(place: Place): Promise<void> {
  await removeAbandoned(place.folder)
  const staging = await mkdtemp(`${place.folder}.new-`)
  try {
    await handOver(place.account, staging)
    await initialise(place, staging)
    await rename(path.join(staging, 'data'), place.folder)
  } catch (error) {
    place.signal?.throwIfAborted()
    await requireCreatedElsewhere(place.folder, error)
  } finally {
    await rm(staging, { recursive: true, force: true, maxRetries: 3 })
  }
}

// Text is ordered by code point (PostgreSQL's built-in C.UTF-8), so that the order is the same on every machine.
async function initialise({ binaries, account, signal }: Place, staging: string): Promise<void> {
  const data = path.join(staging, 'data')
  const passwordFile = path.join(staging, PASSWORD_FILE)
  await writeFile(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 })
  await handOver(account, passwordFile)
  const access = ['-U', 'postgres', '-A', 'scram-sha-256', '--pwfile', passwordFile]
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  await runAs(account, binaries.initdb, ['-D', data, ...access, ...locale], signal)
  await rename(passwordFile, path.join(data, PASSWORD_FILE))
}

async function requireCreatedElsewhere(folder: string, failure: unknown): Promise<void> {
  if ((await majorOf(folder)) !== undefined) return
  throw new EmbeddedPostgresError(
    `The database in ${folder} could not be created. The folder must be missing or empty, on a disk with 100 MB to ` +
      `spare, and writable by the current user. (${lastLineOf(failure)})`,
    { cause: failure },
  )
}

async function removeAbandoned(folder: string): Promise<void> {
  const parent = path.dirname(folder)
  const names = await readdir(parent)
  for (const name of names.filter((entry) => entry.startsWith(`${path.basename(folder)}.new-`))) {
    const staging = path.join(parent, name)
    if (await isAbandoned(staging)) await rm(staging, { recursive: true, force: true, maxRetries: 3 })
  }
}

async function isAbandoned(staging: string): Promise<boolean> {
  try {
    return Date.now() - (await stat(staging)).mtimeMs > ABANDONED_AFTER_MS
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false
    throw error
  }
}

/** The major version that wrote the folder. Undefined if there is no database. */
async function majorOf(folder: string): Promise<string | undefined> {
  try {
    return (await readFile(path.join(folder, 'PG_VERSION'), 'utf8')).trim()
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw hasCode(error, 'EACCES') ? foreignOwner(folder, error) : error
  }
}

async function requireSameMajor({ folder, binaries, account }: Place): Promise<void> {
  const written = await majorOf(folder)
  const version = await runAs(account, binaries.postgres, ['--version'])
  const ours = /\b(\d+)\.\d+/.exec(version)?.[1]
  if (written === ours) return
  throw new EmbeddedPostgresError(
    `The data in ${folder} was written by PostgreSQL ${written}, and this version of Parley brings PostgreSQL ${ours}. ` +
      `Back it up with the version of Parley that wrote it, then restore it with this one; or move the folder away to ` +
      `start with an empty database.`,
  )
}

function foreignOwner(folder: string, cause: unknown): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `The database in ${folder} belongs to another user. Start Parley as that user, or change the owner of the folder ` +
      `(chown -R).`,
    { cause },
  )
}

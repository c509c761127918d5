import { execFile } from 'node:child_process'
import { chown, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Binaries } from './binaries.ts'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { hasCode, lastLineOf } from '../../lib/error-info.ts'

type Owner = Readonly<{ uid: number; gid: number }>

/** The operating system user that runs the server's programs and owns the data folder. */
export type Account = Readonly<{
  /** The text for logs. */
  description: string
  /** The command that comes before a program and its arguments. */
  prefix: readonly string[]
  /** The required owner of the data. Undefined: the current user. */
  owner: Owner | undefined
}>

const CURRENT_USER: Account = { description: 'the current user', prefix: [], owner: undefined }

// The server does not inherit Parley's environment, which has secrets, and PG… variables for other servers.
const ENVIRONMENT = Object.fromEntries(
  ['PATH', 'LD_LIBRARY_PATH', 'TMPDIR', 'SystemRoot'].flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  }),
)
const RUN_TIMEOUT_MS = 120_000

/** Returns the command line that runs a program as the account. */
export function commandAs(account: Account, program: string, args: readonly string[]) {
  const [file = program, ...rest] = [...account.prefix, program, ...args]
  return { file, args: rest, env: { ...ENVIRONMENT, LC_ALL: 'C', TZ: 'UTC' } } as const
}

/**
 * Runs a program and resolves with its output. Rejects with its stderr if it fails. If the signal aborts, the program
 * is terminated and its end awaited, which the `signal` option of execFile does not do.
 */
export async function runAs(
  account: Account,
  program: string,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<string> {
  signal?.throwIfAborted()
  const command = commandAs(account, program, args)
  const running = promisify(execFile)(command.file, command.args, {
    env: command.env,
    timeout: RUN_TIMEOUT_MS,
  })
  const end = (): void => void running.child.kill()
  signal?.addEventListener('abort', end)
  try {
    return (await running).stdout
  } finally {
    signal?.removeEventListener('abort', end)
  }
}

/** Makes the account the owner of a file or folder, not of the contents of the folder. */
export async function handOver(account: Account, path: string): Promise<void> {
  if (account.owner !== undefined) await chown(path, account.owner.uid, account.owner.gid)
}

/**
 * PostgreSQL refuses to run as root. On Linux there are two workarounds. The first one that works with these programs
 * and this folder is used:
 *
 * 1. A user namespace in which root has the id of an ordinary user. The files still belong to root, so a folder that
 *    only root can enter works. Some containers forbid namespaces.
 * 2. Another user that keeps one capability of root, in order to enter folders of root. PostgreSQL uses access(2) to
 *    check whether it may run its programs, which respects capabilities only with `no_setuid_fixup`.
 *
 * Data that already belongs to another user is served as that user, so that it can later be used without root.
 */
export async function chooseAccount(binaries: Binaries, dataFolder: string): Promise<Account> {
  const accounts = process.geteuid?.() === 0 ? await accountsForRoot(dataFolder) : [CURRENT_USER]
  const failures: unknown[] = []
  for (const account of accounts) {
    try {
      await probe(account, binaries, dataFolder)
      return account
    } catch (error) {
      failures.push(error)
    }
  }
  throw noAccount(failures)
}

/** Changes the owner of the data if an earlier run used another account. Not while a server runs on it. */
export async function adoptFiles(account: Account, dataFolder: string): Promise<void> {
  const { owner } = account
  if (owner === undefined || (await stat(dataFolder)).uid === owner.uid) return
  await runAs(CURRENT_USER, 'chown', ['-R', `${owner.uid}:${owner.gid}`, dataFolder])
}

async function probe(account: Account, { postgres }: Binaries, dataFolder: string): Promise<void> {
  if (account === CURRENT_USER) await runAs(account, postgres, ['--version'])
  else
    await runAs(account, 'sh', ['-c', 'cd "$1" && "$2" --version', 'sh', await nearest(dataFolder), postgres])
}

async function accountsForRoot(dataFolder: string): Promise<readonly Account[]> {
  const users = await readUsers()
  const ordinary =
    users.get('postgres') ?? users.get('nobody') ?? [...users.values()].find(({ uid }) => uid !== 0)
  const owner = await stat(await nearest(dataFolder))
  const isKnownOwner = owner.uid !== 0 && [...users.values()].some(({ uid }) => uid === owner.uid)
  return [
    ...(isKnownOwner ? [otherUser(owner)] : []),
    ...(ordinary === undefined ? [] : [namespaced(ordinary), otherUser(ordinary)]),
  ]
}

// initdb looks up its user by id, so the id must exist on this machine.
function namespaced({ uid, gid }: Owner): Account {
  const prefix = ['unshare', '--user', `--map-user=${uid}`, `--map-group=${gid}`, '--']
  return { description: 'root in a user namespace', prefix, owner: { uid: 0, gid: 0 } }
}

function otherUser({ uid, gid }: Owner): Account {
  const identity = ['--reuid', String(uid), '--regid', String(gid), '--clear-groups']
  const passage = ['--inh-caps', '+dac_override', '--ambient-caps', '+dac_override']
  const prefix = ['setpriv', ...identity, ...passage, '--securebits', '+no_setuid_fixup', '--']
  return { description: `user ${uid}`, prefix, owner: { uid, gid } }
}

async function readUsers(): Promise<ReadonlyMap<string, Owner>> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n')
  const fields = lines.map((line) => line.split(':')).filter((parts) => parts.length >= 4)
  return new Map(fields.map(([name = '', , uid, gid]) => [name, { uid: Number(uid), gid: Number(gid) }]))
}

/** The data folder, or its parent if it does not exist yet. */
async function nearest(dataFolder: string): Promise<string> {
  try {
    await stat(dataFolder)
    return dataFolder
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return path.dirname(dataFolder)
    throw error
  }
}

function noAccount(failures: readonly unknown[]): EmbeddedPostgresError {
  const advice =
    process.geteuid?.() === 0
      ? 'PostgreSQL does not run as root. Run Parley as another user, in a folder that this user may read and write'
      : 'If npm skipped install scripts, run `npm rebuild`. Otherwise this system lacks libraries that its programs need'
  return new EmbeddedPostgresError(
    `The embedded PostgreSQL cannot run here. ${advice}, or set DATABASE_URL to a PostgreSQL server. ` +
      `(${failures.map(lastLineOf).join('; ')})`,
    { cause: failures.at(-1) },
  )
}

import { execFile } from 'node:child_process'
import { chown, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Binaries } from './binaries.ts'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { hasCode, lastLineOf } from '../../lib/error-info.ts'

type Owner = Readonly<{ uid: number; gid: number }>

/** As whom the server's programs run, which is also who owns the data folder. */
export type Account = Readonly<{
  /** For logs. */
  description: string
  /** What stands before a program and its arguments. */
  prefix: readonly string[]
  /** Who has to own the data; undefined: whoever we are. */
  owner: Owner | undefined
}>

const OURSELVES: Account = { description: 'the present user', prefix: [], owner: undefined }

// Nothing of our own environment reaches the server: it holds secrets, and PG… variables that mean another server.
const ENVIRONMENT = Object.fromEntries(
  ['PATH', 'LD_LIBRARY_PATH', 'TMPDIR', 'SystemRoot'].flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  }),
)
const RUN_TIMEOUT_MS = 120_000

/** The command line that runs a program as the account. */
export function commandAs(account: Account, program: string, args: readonly string[]) {
  const [file = program, ...rest] = [...account.prefix, program, ...args]
  return { file, args: rest, env: { ...ENVIRONMENT, LC_ALL: 'C', TZ: 'UTC' } } as const
}

/**
 * Runs a program to its end, for its output. Rejects with what it wrote to stderr if it fails. When the signal fires it
 * is told to end, and that is waited for: the `signal` of execFile itself would leave it to its fate.
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

/** Gives a file or folder, without what is in it, to the account. */
export async function handOver(account: Account, path: string): Promise<void> {
  if (account.owner !== undefined) await chown(path, account.owner.uid, account.owner.gid)
}

/**
 * PostgreSQL refuses to run as root, for which there are two ways out on Linux. The first that works in this place,
 * with these programs and this folder, is taken:
 *
 * 1. A user namespace in which root has an ordinary user's number. The files stay root's own, so a folder that is
 *    closed to everybody else is no obstacle. Some containers forbid namespaces.
 * 2. Another user that keeps one of root's capabilities, to pass through folders that are closed to it. PostgreSQL
 *    asks access(2) whether it may run its own programs, which counts capabilities only with `no_setuid_fixup`.
 *
 * Data that already belongs to another user than root is served as that user, who can go on with it without root.
 */
export async function chooseAccount(binaries: Binaries, dataFolder: string): Promise<Account> {
  const accounts = process.geteuid?.() === 0 ? await accountsForRoot(dataFolder) : [OURSELVES]
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

/** Changes whose data it is, where a former run was another account's. Not while a server runs on it. */
export async function adoptFiles(account: Account, dataFolder: string): Promise<void> {
  const { owner } = account
  if (owner === undefined || (await stat(dataFolder)).uid === owner.uid) return
  await runAs(OURSELVES, 'chown', ['-R', `${owner.uid}:${owner.gid}`, dataFolder])
}

async function probe(account: Account, { postgres }: Binaries, dataFolder: string): Promise<void> {
  if (account === OURSELVES) await runAs(account, postgres, ['--version'])
  else
    await runAs(account, 'sh', ['-c', 'cd "$1" && "$2" --version', 'sh', await nearest(dataFolder), postgres])
}

async function accountsForRoot(dataFolder: string): Promise<readonly Account[]> {
  const users = await readUsers()
  const stranger =
    users.get('postgres') ?? users.get('nobody') ?? [...users.values()].find(({ uid }) => uid !== 0)
  const owner = await stat(await nearest(dataFolder))
  const isKnownOwner = owner.uid !== 0 && [...users.values()].some(({ uid }) => uid === owner.uid)
  return [
    ...(isKnownOwner ? [otherUser(owner)] : []),
    ...(stranger === undefined ? [] : [namespaced(stranger), otherUser(stranger)]),
  ]
}

// initdb looks its user up by number, so the number has to be one that the machine knows.
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

/** The data folder, or where it is going to be. */
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
      : 'If npm was told to leave out install scripts, `npm rebuild` mends it. Otherwise this system lacks what its programs need'
  return new EmbeddedPostgresError(
    `The embedded PostgreSQL can't run here. ${advice}, or set DATABASE_URL to a PostgreSQL of your own. ` +
      `(${failures.map(lastLineOf).join('; ')})`,
    { cause: failures.at(-1) },
  )
}

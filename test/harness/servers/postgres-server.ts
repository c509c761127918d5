import { cp, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type pg from 'pg'
import { APPLICATION, ensureApplicationRole } from '../../../src/store/embedded/application-role.ts'
import { chooseAccount, handOver } from '../../../src/store/embedded/account.ts'
import { findBinaries } from '../../../src/store/embedded/binaries.ts'
import { ensureDataFolder } from '../../../src/store/embedded/data-folder.ts'
import { closeServer, openServer, type ServerPlace } from '../../../src/store/embedded/server.ts'
import { killPostgres, createDataFolder } from './data-folder.ts'

/** A PostgreSQL server for one test, with its faults. It is not restarted when it dies. */
export type PostgresServer = AsyncDisposable &
  Readonly<{
    port: number
    /** The database of Parley, on this server only. */
    url: string
    /** The data folder. The server's files are in its subfolder `postgres`. */
    folder: string
    /** Runs SQL as the superuser. Returns the rows. */
    sql<Row extends object>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>
    /** Resolves when the SQL condition is true. */
    waitUntil(condition: string): Promise<void>
    /** Kills the server as a power cut would. */
    kill(): Promise<void>
    /** Starts the killed server again on the same port. */
    start(): Promise<void>
    /** Promotes a standby to primary. Resolves when it accepts writes. */
    promote(): Promise<void>
    /** Keeps a standby receiving the log without replaying it, so that its data is stale. */
    pauseReplay(): Promise<void>
    resumeReplay(): Promise<void>
    /** Copies the files of the running server, for `startRecovered`. It keeps archiving its log meanwhile. */
    takeBaseBackup(): Promise<BaseBackup>
    /** Starts a server from a base backup and the archived log, in the state of `time`. */
    startRecovered(copy: BaseBackup, archive: string, time: string): Promise<PostgresServer>
    /** Starts a standby of this server. Default: on a free port. */
    startStandby(port?: number): Promise<PostgresServer>
    /** Stops replication to this standby. */
    stopReceiving(): Promise<void>
    /** Makes commits wait for a standby. Resolves when one is connected. */
    requireStandby(isRequired?: boolean): Promise<void>
  }>

/** A copy of a server's files. Disposing removes it. */
export type BaseBackup = AsyncDisposable & Readonly<{ path: string }>

/** Files that a base backup leaves out: they belong to the process, or the new server creates them. */
const NOT_COPIED =
  /^(pg_wal|pg_replslot|pg_dynshmem|pg_notify|pg_serial|pg_snapshots|pg_stat_tmp|pg_subtrans)\/.|^postmaster\.(pid|opts)$|pgsql_tmp|pg_internal\.init/

/** Without fsync: a killed process loses nothing that it has written, so tests need not wait for the disk. */
const SETTINGS = { fsync: 'off', max_connections: '200', hot_standby: 'on', wal_keep_size: '256MB' }

/** Starts a primary with an empty database, in a temporary folder unless one is given. */
export async function startPrimary(
  settings: Readonly<Record<string, string>> = {},
  provided?: Readonly<{ path: string }>,
): Promise<PostgresServer> {
  await using resources = new AsyncDisposableStack()
  const home = (provided ?? resources.use(await createDataFolder())).path
  const binaries = await findBinaries()
  const folder = path.join(home, 'postgres')
  const account = await chooseAccount(binaries, folder)
  const password = await ensureDataFolder({ folder, binaries, account })
  const place = {
    folder,
    binaries,
    account,
    password,
    port: undefined,
    settings: { ...SETTINGS, ...settings },
  }
  const server = await open({ ...place, logFile: path.join(home, 'postgres.log') }, resources)
  await ensureApplicationRole(server.connection, password)
  return server.published
}

type Opened = Readonly<{ connection: pg.Client; published: PostgresServer }>

async function open(place: ServerPlace, resources: AsyncDisposableStack): Promise<Opened> {
  const home = path.dirname(place.folder)
  const { port, ...opened } = await openServer(place, AbortSignal.timeout(30_000))
  let { connection } = opened
  resources.defer(async () => {
    await connection.end()
    await closeServer(place)
  })
  const kept = resources.move()

  const sql: PostgresServer['sql'] = async <Row extends object>(
    text: string,
    values: readonly unknown[] = [],
  ) => (await connection.query<Row>(text, [...values])).rows

  async function until(condition: string): Promise<void> {
    const deadline = performance.now() + 20_000
    while ((await sql<{ isTrue: boolean }>(`SELECT (${condition}) AS "isTrue"`))[0]?.isTrue !== true) {
      if (performance.now() > deadline) throw new Error(`Not true within 20 seconds: ${condition}`)
      await sql('SELECT pg_sleep(0.01)')
    }
  }

  async function startStandby(standbyPort?: number): Promise<PostgresServer> {
    await using resourcesOfCopy = new AsyncDisposableStack()
    const copy = resourcesOfCopy.use(await createDataFolder()).path
    await copyServer(place, sql, path.join(copy, 'postgres'))
    await configureStandby(place, port, path.join(copy, 'postgres'))
    const standby = {
      ...place,
      folder: path.join(copy, 'postgres'),
      logFile: path.join(copy, 'postgres.log'),
      port: standbyPort,
    }
    const { published } = await open(standby, resourcesOfCopy)
    await until(
      `EXISTS (SELECT FROM pg_stat_replication WHERE state = 'streaming' AND application_name = '${path.basename(copy)}')`,
    )
    return published
  }

  async function copyFiles(): Promise<BaseBackup> {
    const copy = await createDataFolder()
    await copyServer(place, sql, path.join(copy.path, 'postgres'), { waitsForArchive: true })
    return copy
  }

  async function startRecovered(copy: BaseBackup, archive: string, time: string): Promise<PostgresServer> {
    await using resourcesOfCopy = new AsyncDisposableStack()
    const recovered = path.join(copy.path, 'postgres')
    await writeFile(
      path.join(recovered, 'postgresql.auto.conf'),
      `restore_command = 'cp "${archive}/%f" "%p"'\nrecovery_target_time = '${time}'\n` +
        `recovery_target_action = 'promote'\n`,
    )
    await writeFile(path.join(recovered, 'recovery.signal'), '')
    await handOver(place.account, recovered)
    const recoveredPlace = {
      ...place,
      folder: recovered,
      logFile: path.join(copy.path, 'postgres.log'),
      port: undefined,
    }
    const { published } = await open(recoveredPlace, resourcesOfCopy)
    await published.waitUntil('NOT pg_is_in_recovery()')
    return published
  }

  async function requireStandby(isRequired = true): Promise<void> {
    await sql(`ALTER SYSTEM SET synchronous_standby_names = ${isRequired ? `'*'` : `''`}`)
    await sql('SELECT pg_reload_conf()')
    if (isRequired) await until(`EXISTS (SELECT FROM pg_stat_replication WHERE sync_state = 'sync')`)
    else await until(`current_setting('synchronous_standby_names') = ''`)
  }

  return {
    connection,
    published: {
      port,
      url: `postgresql://${APPLICATION}:${place.password}@127.0.0.1:${port}/${APPLICATION}`,
      folder: home,
      sql,
      kill: () => killPostgres(home),
      async start() {
        ;({ connection } = await openServer({ ...place, port }, AbortSignal.timeout(30_000)))
      },
      async promote() {
        await sql('SELECT pg_promote(true, 30)')
      },
      pauseReplay: async () => void (await sql('SELECT pg_wal_replay_pause()')),
      resumeReplay: async () => void (await sql('SELECT pg_wal_replay_resume()')),
      waitUntil: until,
      takeBaseBackup: copyFiles,
      startRecovered,
      startStandby,
      requireStandby,
      async stopReceiving() {
        await sql(`ALTER SYSTEM SET primary_conninfo = ''`)
        await sql('SELECT pg_reload_conf()')
        await until('NOT EXISTS (SELECT FROM pg_stat_wal_receiver)')
      },
      [Symbol.asyncDispose]: () => kept.disposeAsync(),
    },
  }
}

/**
 * Takes a base backup through SQL, because the package of binaries has no pg_basebackup. With `waitsForArchive` it
 * returns when the log that belongs to the backup is archived.
 */
async function copyServer(
  { folder, account }: ServerPlace,
  sql: PostgresServer['sql'],
  target: string,
  { waitsForArchive = false } = {},
): Promise<void> {
  await sql(`SELECT pg_backup_start('copy', true)`)
  const filter = (source: string): boolean => !NOT_COPIED.test(path.relative(folder, source))
  await cp(folder, target, { recursive: true, filter, preserveTimestamps: true })
  const [backup] = await sql<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop($1)', [
    waitsForArchive,
  ])
  for (const name of ['pg_wal/archive_status', 'pg_wal/summaries'])
    await mkdir(path.join(target, name), { recursive: true })
  await writeFile(path.join(target, 'backup_label'), backup?.labelfile ?? '')
  await handOver(account, target)
}

async function configureStandby(
  { account, password }: ServerPlace,
  port: number,
  target: string,
): Promise<void> {
  await writeFile(path.join(target, 'standby.signal'), '')
  const name = path.basename(path.dirname(target))
  const source = `host=127.0.0.1 port=${port} user=postgres password=${password} application_name=${name}`
  await writeFile(path.join(target, 'postgresql.auto.conf'), `primary_conninfo = '${source}'\n`)
  await handOver(account, target)
}

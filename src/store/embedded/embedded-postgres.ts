import { mkdir, realpath } from 'node:fs/promises'
import path from 'node:path'
import type { Logger } from 'pino'
import { chooseAccount } from './account.ts'
import { APPLICATION, ensureApplicationRole } from './application-role.ts'
import { findBinaries } from './binaries.ts'
import { ensureDataFolder } from './data-folder.ts'
import { GuardedServer } from './guarded-server.ts'
import type { ServerPlace } from './server.ts'

export type EmbeddedPostgresOptions = Readonly<{
  /** Made if missing. The data goes into `postgres` in it, the server's log into `postgres.log`. */
  dataDir: string
  /** Default: any free port, another one at each start. Ignored where a server of a killed Parley still runs. */
  port?: number
  /** PostgreSQL's configuration parameters, besides the defaults or instead of them. */
  settings?: Readonly<Record<string, string>>
  logger?: Pick<Logger, 'info' | 'warn'>
  /** Breaks the start off: whatever it has started is ended before it rejects with the signal's reason. */
  signal?: AbortSignal
}>

export type EmbeddedPostgres = Readonly<{
  /** The application's database. Stays the same until `stop`, also where the server had to be started again. */
  url: string
  /** Ends the server; its data stays. */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}>

/**
 * Starts a PostgreSQL of our own that listens on loopback alone and keeps its data between runs. Where a former
 * instance was killed and its server lives on, that one is used; if the server dies, it is started again.
 * Throws EmbeddedPostgresError where another instance uses the data, or PostgreSQL can't run here.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { logger, signal } = options
  const place = await preparePlace(options)
  const server = new GuardedServer(place, logger)
  const { port, connection } = await server.start(signal)
  try {
    signal?.throwIfAborted()
    await ensureApplicationRole(connection, place.password)
  } catch (error) {
    await server.stop()
    throw error
  }
  const url = `postgresql://${APPLICATION}:${place.password}@127.0.0.1:${port}/${APPLICATION}`
  return { url, stop: () => server.stop(), [Symbol.asyncDispose]: () => server.stop() }
}

async function preparePlace(options: EmbeddedPostgresOptions): Promise<ServerPlace> {
  const { dataDir, port, settings = {}, signal } = options
  signal?.throwIfAborted()
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const home = await realpath(dataDir)
  const folder = path.join(home, 'postgres')
  const binaries = await findBinaries()
  const account = await chooseAccount(binaries, folder)
  const password = await ensureDataFolder({ folder, binaries, account, signal })
  return { folder, logFile: path.join(home, 'postgres.log'), password, binaries, account, port, settings }
}

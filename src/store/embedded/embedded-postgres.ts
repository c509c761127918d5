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
  /** Created if missing. Contains the data in `postgres`, and the server's log in `postgres.log`. */
  dataDir: string
  /** Default: any free port. Ignored if the server of a killed gateway still runs. */
  port?: number
  /** PostgreSQL configuration parameters that are added to the defaults or replace them. */
  settings?: Readonly<Record<string, string>>
  logger?: Pick<Logger, 'info' | 'warn'>
  /** Aborts the start. A server that it has started is stopped before it rejects with the signal's reason. */
  signal?: AbortSignal
}>

export type EmbeddedPostgres = Readonly<{
  /** The application's database. The same until `stop`, even if the server is restarted. */
  url: string
  /** Stops the server and keeps its data. */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}>

/**
 * Starts a PostgreSQL server that listens on loopback only and keeps its data between runs. If the server of a killed
 * gateway still runs, it is used. If the server dies, it is restarted. Throws EmbeddedPostgresError if another
 * gateway uses the data, or if PostgreSQL cannot run here.
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

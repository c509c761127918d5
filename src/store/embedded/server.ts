import { spawn, type ChildProcess, type SpawnOptions, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { adoptFiles, commandAs, runAs, type Account } from './account.ts'
import type { Binaries } from './binaries.ts'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { hasCode } from '../../lib/error-info.ts'
import { findRunningServer, type RunningServer } from './postmaster-file.ts'
import { openServerLog, type ServerLog } from './server-log.ts'

/** The files and settings of a server. */
export type ServerPlace = Readonly<{
  folder: string
  logFile: string
  password: string
  binaries: Binaries
  account: Account
  /** Undefined: any free port. */
  port: number | undefined
  settings: Readonly<Record<string, string>>
}>

/** A server that answers, and a superuser's connection to it. `isAdopted`: it was running already. */
export type Server = Readonly<{ port: number; connection: pg.Client; isAdopted: boolean }>

const HOST = '127.0.0.1'
const POLL_MS = 20
const START_DEADLINE_MS = 60_000
const ATTEMPTS = 10
const RETRY_MS = 100

const TRANSIENT_FAILURES = ['lock file "postmaster.pid" already exists', 'pre-existing shared memory block']

// No Unix socket: its path is limited to 107 bytes, which deep project folders exceed.
// Terse errors: DETAIL lines quote rows, which include users' messages.
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: HOST,
  unix_socket_directories: '',
  max_connections: '100',
  wal_level: 'replica',
  fsync: 'on',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_error_verbosity: 'terse',
}

/**
 * Connects to the server that already runs on the folder, because a gateway was killed, or starts one. The server
 * runs in its own process session, so that Ctrl-C in a terminal stops only the gateway, which needs the server to
 * drain.
 */
export async function openServer(place: ServerPlace, signal: AbortSignal): Promise<Server> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(START_DEADLINE_MS)])
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const server = (await adopt(place, deadline)) ?? (await launch(place, deadline))
      if (server !== undefined) return server
      await delay(RETRY_MS, undefined, { signal: deadline })
    }
  } catch (error) {
    if (!deadline.aborted || signal.aborted) throw error
  }
  throw new EmbeddedPostgresError(
    `The embedded PostgreSQL in ${place.folder} does not start. See ${place.logFile}.`,
  )
}

/** Stops the server: disconnects its clients, then writes a checkpoint. Resolves when it has stopped. */
export async function closeServer({ folder, binaries, account }: ServerPlace): Promise<void> {
  const stop = ['stop', '-D', folder, '-w', '-t', '30', '-m']
  try {
    if (await findRunningServer(folder)) await runAs(account, binaries.pgCtl, [...stop, 'fast'])
  } catch {
    if ((await findRunningServer(folder)) === undefined) return
    await runAs(account, binaries.pgCtl, [...stop, 'immediate'])
  }
}

async function adopt(place: ServerPlace, signal: AbortSignal): Promise<Server | undefined> {
  const server = await connectWhenReady(place, signal, (running) => running !== undefined)
  return server && { ...server, isAdopted: true }
}

/** Undefined: another process started it first, or processes of a killed server are still ending. Try again. */
async function launch(place: ServerPlace, signal: AbortSignal): Promise<Server | undefined> {
  await adoptFiles(place.account, place.folder)
  const log = await openServerLog(place.logFile, place.account)
  try {
    const child = await spawnServer(place, place.port ?? (await freePort()), log)
    const server = await connectToChild(child, place, signal)
    return server ?? explainExit(place, await log.read())
  } finally {
    await log.close()
  }
}

/** Undefined: the server has ended. If this rejects, the server is stopped first. */
async function connectToChild(child: ChildProcess, place: ServerPlace, signal: AbortSignal) {
  try {
    const server = await connectWhenReady(place, signal, () => isRunning(child), child.pid)
    return server && { ...server, isAdopted: false }
  } catch (error) {
    await end(child)
    throw error
  }
}

type IsExpected = (running: RunningServer | undefined) => boolean

/** Connects to the server that runs on the folder, and only to `pid` if given. Undefined: it does not run. */
async function connectWhenReady(
  place: ServerPlace,
  signal: AbortSignal,
  isExpected: IsExpected,
  pid?: number,
) {
  for (;;) {
    const running = await findRunningServer(place.folder)
    if (!isExpected(running)) return undefined
    if (running?.isReady && running.pid === (pid ?? running.pid)) {
      const connection = await connect(running.port, place)
      if (connection) return { port: running.port, connection }
    }
    await delay(POLL_MS, undefined, { signal })
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (!isRunning(child)) return
  child.ref()
  child.kill('SIGINT')
  await once(child, 'exit')
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null
}

async function spawnServer(place: ServerPlace, port: number, { fd }: ServerLog): Promise<ChildProcess> {
  const settings = Object.entries({ ...SETTINGS, ...place.settings, port: String(port) })
  const flags = settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const command = commandAs(place.account, place.binaries.postgres, ['-D', place.folder, ...flags])
  const stdio: StdioOptions = ['ignore', fd, fd]
  const options: SpawnOptions = { env: command.env, detached: true, windowsHide: true, stdio }
  const child = spawn(command.file, command.args, options)
  await once(child, 'spawn')
  child.unref()
  return child
}

function explainExit({ folder, logFile, port }: ServerPlace, log: string): undefined {
  if (TRANSIENT_FAILURES.some((sentence) => log.includes(sentence))) return undefined
  const isPortTaken = log.includes('could not create any TCP/IP sockets')
  if (isPortTaken && port === undefined) return undefined
  const reason = isPortTaken ? `Port ${port} is taken.` : log.trim().split('\n').slice(-3).join(' ')
  throw new EmbeddedPostgresError(
    `The embedded PostgreSQL in ${folder} stopped while starting. ${reason} See ${logFile}.`,
  )
}

/** Undefined: the server is stopping. */
async function connect(port: number, { password, folder }: ServerPlace): Promise<pg.Client | undefined> {
  const identity = { user: 'postgres', database: 'postgres', application_name: 'parley-gateway', password }
  const client = new pg.Client({
    host: HOST,
    port,
    keepAlive: true,
    connectionTimeoutMillis: 5_000,
    ...identity,
  })
  // An error is followed by `end`, which is handled. Without a listener the error would end the process.
  client.on('error', () => undefined)
  try {
    await client.connect()
    return client
  } catch (error) {
    if (hasCode(error, '28P01')) throw wrongPassword(folder, error)
    return undefined
  }
}

function wrongPassword(folder: string, cause: unknown): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `The server that runs on ${folder} rejects the password that is stored there. If the folder is a copy, stop ` +
      `the server that runs on the original.`,
    { cause },
  )
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, HOST)
  await once(server, 'listening')
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string')
    throw new Error('A TCP server has an address and a port')
  return address.port
}

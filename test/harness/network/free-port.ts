import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A file for each port that a running test has, named by the port, with the id of its process. */
const FOLDER = join(tmpdir(), 'parley-test-ports')

const own = new Set<string>()
process.once('exit', () => {
  for (const file of own) rmSync(file, { force: true })
})

/**
 * Returns a free port of loopback, below the range that the system gives to outgoing connections. From that range, the
 * port of a stopped server could be taken by a connection, even by a client that tries to reach the server.
 *
 * The port belongs to this process until it ends. Otherwise two tests could get the same one, since a server takes
 * seconds to start, and one of them would talk to the other's server.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    if (reserve(port) && (await isFree(port))) return port
  }
}

function reserve(port: number): boolean {
  const file = join(FOLDER, `${port}`)
  mkdirSync(FOLDER, { recursive: true })
  if (create(file)) return true
  if (own.has(file) || isRunning(ownerOf(file))) return false
  // A process that was killed leaves its files behind.
  rmSync(file, { force: true })
  return create(file)
}

/** Returns whether there was no such file. */
function create(file: string): boolean {
  try {
    writeFileSync(file, `${process.pid}`, { flag: 'wx' })
    own.add(file)
    return true
  } catch {
    return false
  }
}

function ownerOf(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8'))
  } catch {
    return 0
  }
}

function isRunning(pid: number): boolean {
  try {
    return pid === 0 || process.kill(pid, 0)
  } catch {
    return false
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  const { promise, resolve } = Promise.withResolvers<boolean>()
  server.once('error', () => resolve(false))
  server.listen(port, '127.0.0.1', () => resolve(true))
  const isBound = await promise
  if (isBound) await new Promise((done) => server.close(done))
  return isBound
}

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer, Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { EventQueue } from '../fixtures/event-queue.ts'

/** A running redis-server. It ends with the process that started it, however that ends. */
export type RedisProcess = Readonly<{
  pid: number
  signal(name: NodeJS.Signals): void
  /** Ends it by this signal, and waits until it is gone. */
  end(name: NodeJS.Signals): Promise<void>
}>

/** Starts a server that keeps nothing on disk; resolves when it takes connections. */
export async function startRedisProcess(port: number, settings: readonly string[]): Promise<RedisProcess> {
  ensureRedisServer()
  const loopback = ['--port', `${port}`, '--bind', '127.0.0.1']
  const child = spawn('redis-server', [...loopback, '--save', '', '--appendonly', 'no', ...settings], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  await readiness(child)
  const { pid = 0 } = child
  const reaper = startReaper(pid)

  return {
    pid,
    signal: (name) => void child.kill(name),
    async end(name) {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill(name)
      await ended
      reaper.kill('SIGKILL')
    },
  }
}

async function readiness(child: ChildProcess): Promise<void> {
  const lines = new EventQueue<string>()
  if (child.stdout !== null) createInterface(child.stdout).on('line', (line) => lines.push(line))
  await lines.match((line) => line.includes('Ready to accept connections'))
}

/** `cat` ends when this process does, as that closes the other end of the pipe; a kill gives it no other chance. */
function startReaper(pid: number): ChildProcess {
  const reaper = spawn('sh', ['-c', 'cat > /dev/null; kill -9 "$1"', 'sh', `${pid}`], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  reaper.unref()
  if (reaper.stdin instanceof Socket) reaper.stdin.unref()
  return reaper
}

/**
 * A port of loopback that nobody listens on. Below those that are given to outgoing connections: a server that is
 * away for a while would find its port taken by one of them, a client that keeps trying even by its own.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    if (await isFree(port)) return port
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

const ADVICE =
  'These tests need redis-server 7 or later. Debian, Ubuntu: "apt-get install redis-server"; macOS: "brew install redis".'

/** As root on Debian it is installed where it is missing. */
function ensureRedisServer(): void {
  if (spawnSync('redis-server', ['--version']).status === 0) return
  if (process.getuid?.() !== 0) throw new Error(ADVICE)
  const script = 'apt-get update && apt-get -o DPkg::Lock::Timeout=120 install -y redis-server'
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  if (spawnSync('sh', ['-c', script], { stdio: 'inherit', env }).status !== 0) throw new Error(ADVICE)
}

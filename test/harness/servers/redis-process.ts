import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { EventQueue } from '../fixtures/event-queue.ts'
import { killWithTestRun } from './reaper.ts'

/** A running redis-server. It ends with the process that started it at the latest. */
export type RedisProcess = Readonly<{
  pid: number
  signal(name: NodeJS.Signals): void
  /** Sends this signal. Resolves when the process has ended. */
  end(name: NodeJS.Signals): Promise<void>
}>

/** Starts a server without persistence. Resolves when it accepts connections. */
export async function startRedisProcess(port: number, settings: readonly string[]): Promise<RedisProcess> {
  const loopback = ['--port', `${port}`, '--bind', '127.0.0.1']
  const args = [...loopback, '--save', '', '--appendonly', 'no', ...settings]
  return launchRedis(args, 'Ready to accept connections')
}

/** Starts a sentinel with this configuration file, which it changes. Resolves when it runs. */
export async function startSentinelProcess(configFile: string): Promise<RedisProcess> {
  return launchRedis([configFile, '--sentinel'], 'Sentinel ID is')
}

async function launchRedis(args: readonly string[], readyText: string): Promise<RedisProcess> {
  ensureRedisServer()
  // Redis loads a dump of its folder at each start, and may write one there for a replica. So each start has its own.
  const folder = await mkdtemp(join(tmpdir(), 'parley-redis-'))
  const child = spawn('redis-server', args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] })
  child.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  await waitUntilReady(child, readyText)
  const { pid = 0 } = child
  killWithTestRun(child)

  return {
    pid,
    signal: (name) => void child.kill(name),
    async end(name) {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill(name)
      await ended
    },
  }
}

async function waitUntilReady(child: ChildProcess, readyText: string): Promise<void> {
  const lines = new EventQueue<string>()
  if (child.stdout !== null) createInterface(child.stdout).on('line', (line) => lines.push(line))
  await lines.match((line) => line.includes(readyText))
}

const ADVICE =
  'These tests need redis-server 7 or later. Debian, Ubuntu: "apt-get install redis-server"; macOS: "brew install redis".'

/** Installs redis-server if it is missing and this is root on Debian. */
function ensureRedisServer(): void {
  if (spawnSync('redis-server', ['--version']).status === 0) return
  if (process.getuid?.() !== 0) throw new Error(ADVICE)
  const script = 'apt-get update && apt-get -o DPkg::Lock::Timeout=120 install -y redis-server'
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  if (spawnSync('sh', ['-c', script], { stdio: 'inherit', env }).status !== 0) throw new Error(ADVICE)
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { setTimeout as pause } from 'node:timers/promises'
import type { GatewaySecond } from './samples.ts'

/** A gateway in its own process, as in production. */
export type Gateway = AsyncDisposable &
  Readonly<{
    url: string
    /** Reads its metrics. All are NaN if it does not answer within a second. */
    look(): Promise<GatewaySecond>
  }>

type Options = Readonly<{ databaseUrl: string; secret: string; hasLevels: boolean }>

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const UNKNOWN: GatewaySecond = { level: NaN, pressure: NaN, memoryMb: NaN }
const BYTES_PER_MB = 1_048_576

export async function startGateway({ databaseUrl, secret, hasLevels }: Options): Promise<Gateway> {
  const [port, adminPort] = [await freePort(), await freePort()]
  const child = spawn(process.execPath, ['bin/parley.js', 'serve'], {
    cwd: ROOT,
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      PORT: `${port}`,
      ADMIN_PORT: `${adminPort}`,
      DATABASE_URL: databaseUrl,
      AUTH_SECRET: secret,
      LOG_LEVEL: 'warn',
      SERVICE_LEVELS: hasLevels ? 'auto' : 'manual',
      // A few hundred connections stand for many more users.
      RATE_LIMIT_FACTOR: 'off',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  createInterface(child.stdout).on('line', (line) => process.stderr.write(`  gateway: ${line}\n`))
  const ended = once(child, 'exit')
  const admin = `http://127.0.0.1:${adminPort}`
  while (!(await isReady(`${admin}/health/ready`))) {
    if (child.exitCode !== null) throw new Error('The gateway did not start.')
    await pause(50)
  }
  return {
    url: `http://127.0.0.1:${port}/graphql`,
    look: () => look(`${admin}/metrics`),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function isReady(url: string): Promise<boolean> {
  try {
    const { ok } = await fetch(url)
    return ok
  } catch {
    return false
  }
}

async function look(url: string): Promise<GatewaySecond> {
  try {
    const text = await (await fetch(url, { signal: AbortSignal.timeout(900) })).text()
    const valueOf = (name: string): number =>
      Number(new RegExp(`^parley_${name} (\\S+)$`, 'm').exec(text)?.[1] ?? NaN)
    return {
      level: valueOf('service_level'),
      pressure: valueOf('pressure'),
      memoryMb: valueOf('process_resident_memory_bytes') / BYTES_PER_MB,
    }
  } catch {
    return UNKNOWN
  }
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { TEST_SECRET } from './parley.ts'
import { freePort } from './redis-process.ts'

/** A gateway in a process of its own, as in production, so that it can die, freeze, and be ended from outside. */
export type GatewayProcess = AsyncDisposable &
  Readonly<{
    /** The API's address, for HTTP; the same after a restart. */
    url: string
    /** What it wrote, to be shown when a test fails: warnings and worse, as JSON lines. */
    log: readonly string[]
    /** Dies at once. */
    kill(): Promise<void>
    /** Ends in order; resolves with the exit code. */
    stop(): Promise<number | null>
    /** Freezes, with its connections open, until `resume`. */
    pause(): void
    resume(): void
    /** Begins again on the same port, under another id; resolves when it is ready. */
    start(): Promise<void>
  }>

export type GatewayProcessOptions = Readonly<{
  databaseUrl: string
  redisUrl: string
  /** What its ids begin with; the number of the start follows. By default they are made up. */
  name?: string
  /** Whether it looks by itself how much there is to do; `auto` unless said otherwise. */
  serviceLevels?: 'auto' | 'manual'
}>

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** Starts a gateway on a free port of loopback; resolves when it is ready. It never outlives this process. */
export async function startGatewayProcess(options: GatewayProcessOptions): Promise<GatewayProcess> {
  const port = await freePort()
  const log: string[] = []
  const env = environment(options, port)
  let child: ChildProcess | undefined
  let starts = 0

  async function start(): Promise<void> {
    starts += 1
    child = launch(
      { ...env, ...(options.name !== undefined && { GATEWAY_ID: `${options.name}-${starts}` }) },
      log,
    )
    await readiness(`http://127.0.0.1:${port}/health/ready`, child, log)
  }

  async function end(signal: NodeJS.Signals): Promise<number | null> {
    if (child === undefined || hasEnded(child)) return child?.exitCode ?? null
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
    return child.exitCode
  }

  await start()
  return {
    url: `http://127.0.0.1:${port}/graphql`,
    log,
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    start,
    [Symbol.asyncDispose]: async () => void (await end('SIGKILL')),
  }
}

function environment(options: GatewayProcessOptions, port: number): NodeJS.ProcessEnv {
  const { databaseUrl, redisUrl, serviceLevels = 'auto' } = options
  return {
    PATH: process.env['PATH'],
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: `${port}`,
    ADMIN_PORT: 'off',
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    AUTH_SECRET: TEST_SECRET,
    // A few people send here what hundreds would.
    RATE_LIMIT_FACTOR: 'off',
    SERVICE_LEVELS: serviceLevels,
    LOG_LEVEL: 'warn',
  }
}

function launch(env: NodeJS.ProcessEnv, log: string[]): ChildProcess {
  const child = spawn(process.execPath, ['bin/parley.js', 'serve'], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const output of [child.stdout, child.stderr]) {
    createInterface(output).on('line', (line) => log.push(line))
  }
  endWithUs(child)
  return child
}

/**
 * A killed test has no chance to tidy up. `cat` ends when this process does, as that closes the other end of the
 * pipe. It is let go as soon as the gateway has ended, so that it never meets another process with the same id.
 */
function endWithUs(child: ChildProcess): void {
  const reaper = spawn('sh', ['-c', 'cat > /dev/null; kill -9 "$1"', 'sh', `${child.pid}`], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  reaper.unref()
  if (reaper.stdin instanceof Socket) reaper.stdin.unref()
  child.once('exit', () => reaper.kill('SIGKILL'))
}

/** Nothing announces it from outside: what load balancers ask is what is asked here. */
async function readiness(url: string, child: ChildProcess, log: readonly string[]): Promise<void> {
  const deadline = AbortSignal.timeout(30_000)
  while (!(await isReady(url))) {
    if (hasEnded(child)) throw new Error(`The gateway did not start:\n${log.join('\n')}`)
    await pause(20, undefined, { signal: deadline })
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) })
    await response.arrayBuffer()
    return response.ok
  } catch (error) {
    // Not listening yet, or too busy to answer. Anything else is a mistake in the test.
    if (error instanceof TypeError || (error instanceof DOMException && error.name === 'TimeoutError'))
      return false
    throw error
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}

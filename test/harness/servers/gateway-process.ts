import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { TEST_SECRET } from './parley.ts'
import { freePort } from '../network/free-port.ts'
import { killWithTestRun } from './reaper.ts'

/** A gateway in its own process, as in production, so that tests can kill, freeze and stop it. */
export type GatewayProcess = AsyncDisposable &
  Readonly<{
    /** The HTTP address of the API. It stays the same after a restart. */
    url: string
    /** The id of the process. */
    pid(): number | undefined
    /** Its output: log lines in JSON, from level `warn`. Tests show it when they fail. */
    log: readonly string[]
    /** Kills the process. */
    kill(): Promise<void>
    /** Shuts down gracefully. Resolves with the exit code. */
    stop(): Promise<number | null>
    /** Freezes the process with its connections open, until `resume`. */
    pause(): void
    resume(): void
    /** Starts it again on the same port with a new id. Resolves when it is ready. */
    start(): Promise<void>
  }>

export type GatewayProcessOptions = Readonly<{
  databaseUrl: string
  redisUrl: string
  /** Prefix of its ids. The number of the start follows. Default: random ids. */
  name?: string
  /** Whether it changes its service level by itself. Default: `auto`. */
  serviceLevels?: 'auto' | 'manual'
  /** MEDIA_URL. Default: uploads are off. */
  mediaUrl?: string
  /** How many milliseconds its machine's clock is ahead. Default: 0. */
  clockAheadMs?: number
  /** Further variables. */
  env?: Readonly<Record<string, string>>
}>

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** Starts a gateway on a free port of loopback. Resolves when it is ready. It ends with this process at the latest. */
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
    await waitUntilReady(`http://127.0.0.1:${port}/health/ready`, child, log)
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
    pid: () => child?.pid,
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
  const { databaseUrl, redisUrl, serviceLevels = 'auto', clockAheadMs = 0 } = options
  return {
    PATH: process.env['PATH'],
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: `${port}`,
    ADMIN_PORT: 'off',
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    AUTH_SECRET: TEST_SECRET,
    // In these tests a few users send as many messages as hundreds would.
    RATE_LIMIT_FACTOR: 'off',
    SERVICE_LEVELS: serviceLevels,
    LOG_LEVEL: 'warn',
    ...(options.mediaUrl !== undefined && {
      MEDIA_URL: options.mediaUrl,
      AWS_ACCESS_KEY_ID: 'S3RVER',
      AWS_SECRET_ACCESS_KEY: 'S3RVER',
    }),
    ...options.env,
    ...(clockAheadMs !== 0 && { NODE_OPTIONS: `--import=${wrongClock(clockAheadMs)}` }),
  }
}

/** A module that sets the clock of a process wrong, as it would be on a machine whose clock is wrong. */
function wrongClock(aheadMs: number): string {
  const code = `const Right = Date
globalThis.Date = class Date extends Right {
  constructor(...given) { given.length === 0 ? super(Right.now() + ${aheadMs}) : super(...given) }
  static now() { return Right.now() + ${aheadMs} }
}`
  return `data:text/javascript,${encodeURIComponent(code)}`
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
  killWithTestRun(child)
  return child
}

/** Polls the readiness check, as a load balancer does. */
async function waitUntilReady(url: string, child: ChildProcess, log: readonly string[]): Promise<void> {
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
    // Not listening yet, or too busy to respond. Any other error is a bug in the test.
    if (error instanceof TypeError || (error instanceof DOMException && error.name === 'TimeoutError'))
      return false
    throw error
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}

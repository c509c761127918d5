import { join } from 'node:path'
import { type Child, startChild } from '../../scripts/cluster-child.ts'
import { freePort } from '../../scripts/cluster-ports.ts'
import { AGENT_ARGS, type Inside, insideOf } from '../inside/ask.ts'
import { isGatewayReady, until } from '../../scripts/cluster-readiness.ts'

/** A server process that is measured. */
export type Server = AsyncDisposable &
  Readonly<{
    name: string
    pid: number
    port: number
    adminPort: number
    /** Answers if the server was started with `isOpen`. */
    inside: Inside
  }>

export type ServerOptions = Readonly<{
  name: string
  args: readonly string[]
  env: Readonly<Record<string, string>>
  /** Receives its output in a file. */
  folder: string
  /** Whether the benchmark looks into the process. */
  isOpen?: boolean
  /** Default: it accepts connections. */
  isReady?: (port: number) => Promise<boolean>
}>

/** Starts a Node.js program that listens on `PORT`. Resolves when it is ready. */
export async function startServer({
  name,
  args,
  env,
  folder,
  isReady,
  isOpen = false,
}: ServerOptions): Promise<Server> {
  const [port, adminPort, agentPort] = [await freePort(), await freePort(), await freePort()]
  const child = await startChild({
    name,
    file: process.execPath,
    args: [...(isOpen ? AGENT_ARGS : []), ...args],
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      ...env,
      PORT: `${port}`,
      ADMIN_PORT: `${adminPort}`,
      BENCH_AGENT_PORT: `${agentPort}`,
    },
    logFile: join(folder, `${name.replaceAll(' ', '-')}.log`),
  })
  try {
    await until(child, port, isReady === undefined ? undefined : () => isReady(port))
  } catch (error) {
    await kill(child)
    throw error
  }
  const inside = insideOf(agentPort)
  return { name, pid: child.pid, port, adminPort, inside, [Symbol.asyncDispose]: () => kill(child) }
}

export type GatewayOptions = Readonly<{
  name: string
  /** The folder of the checkout that is measured. */
  root: string
  databaseUrl: string
  /** Undefined: a single gateway with its bus in memory. */
  redisUrl?: string
  secret: string
  folder: string
  /** Further settings. */
  env?: Readonly<Record<string, string>>
  isOpen?: boolean
}>

/** Starts a gateway as in production, with default service levels and without quotas. */
export function startGateway(options: GatewayOptions): Promise<Server> {
  const { name, root, databaseUrl, redisUrl, secret, folder, env = {}, isOpen = false } = options
  return startServer({
    name,
    folder,
    isOpen,
    args: [join(root, 'bin', 'parley.js'), 'serve'],
    env: {
      DATABASE_URL: databaseUrl,
      ...(redisUrl !== undefined && { REDIS_URL: redisUrl }),
      AUTH_SECRET: secret,
      LOG_LEVEL: 'warn',
      // A few hundred connections stand for many more users.
      RATE_LIMIT_FACTOR: 'off',
      ...env,
    },
    isReady: isGatewayReady,
  })
}

/** The databases are thrown away, so there is nothing to drain. */
function kill(child: Child): Promise<void> {
  return child.stop(0)
}

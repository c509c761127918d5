import { mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { once } from '../src/lib/async.ts'
import { startEmbeddedPostgres } from '../src/store/embedded/embedded-postgres.ts'
import { ensurePrismaClient } from '../src/store/migrations/ensure-prisma-client.ts'
import { migrate } from '../src/store/migrations/migrate.ts'
import { startFront } from './cluster-front.ts'
import { type Gateway, startGateway } from './cluster-gateways.ts'
import { demoTokens } from './cluster-people.ts'
import { freePort, isFree } from './cluster-ports.ts'
import { printHelp } from './help.ts'
import { startRedis } from './cluster-redis.ts'

// `npm run cluster`: PostgreSQL, Redis, several gateways and a load balancer on this machine, behind one address.
// Programs are stopped in the reverse order of their start. The load balancer is the exception: it outlives the
// gateways, because they close their connections through it.

type Options = Readonly<{ gateways: number; port: number; folder: string; withoutNginx: boolean }>

const MAX_GATEWAYS = 16
/** One Ctrl-C may arrive twice: from the terminal and from npm. Within this time it counts once. */
const ECHO_MS = 1_000

printHelp(`Usage: npm run cluster -- [options]

Runs PostgreSQL, Redis, several gateways and a load balancer on this machine, behind one address. Ctrl-C stops them.

Options:
  --gateways <number>  1 to ${MAX_GATEWAYS} (default: 3)
  --port <number>      port of the load balancer; the gateways take the ports after it. 0: any (default: 4000)
  --data-dir <folder>  for data and logs (default: .parley/cluster)
  --without-nginx      use a small proxy in place of nginx
  -h, --help           print this help`)

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

async function readOptions(): Promise<Options> {
  const { values } = parseArgs({
    options: {
      gateways: { type: 'string', default: '3' },
      port: { type: 'string', default: '4000' },
      'data-dir': { type: 'string', default: '.parley/cluster' },
      'without-nginx': { type: 'boolean', default: false },
    },
  })
  const gateways = numberIn('--gateways', values.gateways, 1, MAX_GATEWAYS)
  const port = numberIn('--port', values.port, 0, 65_535)
  if (port !== 0 && !(await isFree(port)))
    throw new Error(`Port ${port} is taken. Choose another one with --port.`)
  const folder = resolve(values['data-dir'])
  return {
    gateways,
    port: port === 0 ? await freePort() : port,
    folder,
    withoutNginx: values['without-nginx'],
  }
}

function numberIn(name: string, text: string, min: number, max: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (number >= min && number <= max) return number
  throw new Error(`${name} must be a number from ${min} to ${max}.`)
}

/** Starts all programs. Disposing of `resources` stops them. */
async function start(
  { gateways: count, port, folder, withoutNginx }: Options,
  resources: AsyncDisposableStack,
) {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await ensurePrismaClient()
  const redis = await startRedis(folder)
  resources.defer(() => redis.stop())
  const postgres = resources.use(await startEmbeddedPostgres({ dataDir: folder }))
  await migrate({ url: postgres.url })
  const env = {
    ...process.env,
    NODE_ENV: 'development',
    DATA_DIR: folder,
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
  }
  const gateways: Gateway[] = []
  const stopGateways = async (): Promise<void> => {
    await Promise.all(gateways.map((gateway) => gateway.stop()))
  }
  resources.defer(stopGateways)
  for (let number = 1; number <= count; number += 1) {
    const name = `gateway-${number}`
    gateways.push(await startGateway({ name, port: port + number, folder, env, tell: say }))
  }
  const gatewayPorts = gateways.map((gateway) => gateway.port)
  const front = await startFront({ folder, port, gatewayPorts, withoutNginx })
  resources.defer(() => front.stop())
  resources.defer(stopGateways)
  return { redis, postgres, gateways, front, port, folder }
}

async function greet(cluster: Awaited<ReturnType<typeof start>>): Promise<void> {
  const { redis, gateways, front, port, folder } = cluster
  const tokens = await demoTokens(folder)
  const lines = [
    '',
    `  One address   http://localhost:${port}/graphql   (GraphiQL; ws://localhost:${port}/graphql)`,
    `  In front      ${front.name}${front.pid === undefined ? '' : `   pid ${front.pid}`}`,
    ...gateways.map((each) => `  ${each.name.padEnd(13)} ${gatewayLine(each)}`),
    `  Redis         ${redis.url}   pid ${redis.pid}`,
    `  Logs, data    ${folder}`,
    '',
    '  Demo users and their tokens:',
    ...tokens.map(([name, token]) => `  ${`user_${name}`.padEnd(13)} ${token}`),
    '',
    '  Try this: open the address twice and subscribe to the inbox in both. Then "kill -9" the pid of a gateway.',
    '  Its clients reconnect to another gateway and receive the missed messages.',
    `  Or pause features as on a peak day:  DATA_DIR=${folder} npx parley service-level busy --for 1m`,
    '  Stop everything with Ctrl-C. The messages are kept.',
    '',
  ]
  say(lines.join('\n'))
}

function gatewayLine({ port, adminPort, pid }: Gateway): string {
  return `http://127.0.0.1:${port}/graphql   pid ${pid()}   metrics http://127.0.0.1:${adminPort}/metrics`
}

async function run(): Promise<void> {
  const stopped = Promise.withResolvers<NodeJS.Signals>()
  let firstAt: number | undefined
  const onSignal = (signal: NodeJS.Signals): void => {
    if (firstAt !== undefined && performance.now() - firstAt > ECHO_MS) process.exit(1)
    firstAt ??= performance.now()
    say(`${signal}: stopping everything, in order …`)
    stopped.resolve(signal)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)
  const resources = new AsyncDisposableStack()
  const stop = once(() => resources.disposeAsync())
  try {
    const cluster = await start(await readOptions(), resources)
    if (firstAt === undefined) await greet(cluster)
    await stopped.promise
  } finally {
    await stop()
  }
  say('Stopped.')
}

try {
  await run()
  process.exit()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}

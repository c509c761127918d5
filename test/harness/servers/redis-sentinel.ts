import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { freePort } from '../network/free-port.ts'
import { startRedis, type TestRedis } from './redis.ts'
import { type RedisProcess, startSentinelProcess } from './redis-process.ts'

/** A primary and a replica, and three sentinels that watch them, for one test. */
export type TestSentinels = AsyncDisposable &
  Readonly<{
    /** The URL for REDIS_URL. */
    url: string
    /** The initial primary, then the initial replica. */
    servers: readonly [TestRedis, TestRedis]
    sentinels: readonly RedisProcess[]
    /** Resolves when all sentinels that run name this server as the primary, and it is one. */
    waitForPrimary(server: TestRedis): Promise<void>
    /** Resolves when the server is a replica in sync with its primary. */
    waitForReplica(server: TestRedis): Promise<void>
  }>

const NAME = 'parley'
const SENTINELS = 3

/** Starts them on loopback. A primary counts as dead after a second, if two sentinels agree. */
export async function startSentinels(): Promise<TestSentinels> {
  await using resources = new AsyncDisposableStack()
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-sentinel-'))
  resources.defer(() => rm(folder, { recursive: true, force: true }))
  const primary = resources.use(await startRedis(['--repl-diskless-sync-delay', '0']))
  const following = ['--replicaof', '127.0.0.1', `${primary.port}`, '--repl-diskless-sync-delay', '0']
  const replica = resources.use(await startRedis(following))
  await waitForReplica(replica)
  const ports = await Promise.all(Array.from({ length: SENTINELS }, freePort))
  const sentinels = await Promise.all(
    ports.map(async (port) => {
      const file = path.join(folder, `${port}.conf`)
      await writeFile(file, configuration(port, primary.port, folder))
      return startSentinelProcess(file)
    }),
  )
  resources.defer(async () => void (await Promise.all(sentinels.map((one) => one.end('SIGKILL')))))
  await until(async () => (await Promise.all(ports.map(knowsAll))).every(Boolean))

  async function waitForPrimary(server: TestRedis): Promise<void> {
    await until(async () => {
      const named = await Promise.all(ports.map(namedPort))
      const role = String(await server.command('info', 'replication'))
      return named.every((port) => port === undefined || port === server.port) && role.includes('role:master')
    })
  }

  const kept = resources.move()
  return {
    url: `sentinel://${ports.map((port) => `127.0.0.1:${port}`).join(',')}/${NAME}`,
    servers: [primary, replica],
    sentinels,
    waitForPrimary,
    waitForReplica,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

function configuration(port: number, primaryPort: number, folder: string): string {
  return [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `sentinel monitor ${NAME} 127.0.0.1 ${primaryPort} 2`,
    `sentinel down-after-milliseconds ${NAME} 1000`,
    `sentinel failover-timeout ${NAME} 5000`,
    '',
  ].join('\n')
}

async function waitForReplica(server: TestRedis): Promise<void> {
  await until(async () =>
    String(await server.command('info', 'replication')).includes('master_link_status:up'),
  )
}

/** Whether the sentinel knows the other sentinels and the replica. */
async function knowsAll(port: number): Promise<boolean> {
  const master = await askSentinel(port, 'master', NAME)
  const fields = Array.isArray(master) ? master.map(String) : []
  const valueOf = (name: string): string | undefined => fields[fields.indexOf(name) + 1]
  return valueOf('num-other-sentinels') === `${SENTINELS - 1}` && valueOf('num-slaves') === '1'
}

/** The port of the primary that a sentinel names; undefined if the sentinel does not answer. */
async function namedPort(port: number): Promise<number | undefined> {
  const address = await askSentinel(port, 'get-master-addr-by-name', NAME)
  return Array.isArray(address) ? Number(address[1]) : undefined
}

async function askSentinel(port: number, ...args: readonly string[]): Promise<unknown> {
  const client = new Redis({ port, retryStrategy: () => null, maxRetriesPerRequest: 0, lazyConnect: true })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await client.call('sentinel', ...args)
  } catch {
    return undefined
  } finally {
    client.disconnect()
  }
}

/** Polls: Redis has no event for the agreement of sentinels. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const deadline = AbortSignal.timeout(30_000); !deadline.aborted; await delay(20)) {
    if (await condition()) return
  }
  throw new Error('The sentinels did not agree within 30 seconds.')
}

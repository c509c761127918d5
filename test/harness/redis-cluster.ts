import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { provideRedis, type TestRedis } from './redis.ts'
import { freePort } from './redis-process.ts'

/** A Redis Cluster of a test's own. */
export type TestRedisCluster = AsyncDisposable &
  Readonly<{
    urls: readonly string[]
    nodes: readonly TestRedis[]
    killNode(index: number): Promise<void>
    /** The node comes back with its slots, empty; resolves when the cluster is whole again. */
    startNode(index: number): Promise<void>
    flush(): Promise<void>
  }>

/** By hash slot: the three masters share them in equal parts. */
const SLOTS = [
  [0, 5460],
  [5461, 10_922],
  [10_923, 16_383],
] as const

/** Three masters without replicas on loopback. When one is gone, the others go on serving what is theirs. */
export async function provideRedisCluster(): Promise<TestRedisCluster> {
  const resources = new AsyncDisposableStack()
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-redis-'))
  resources.defer(() => rm(folder, { recursive: true, force: true }))
  const nodes = await Promise.all(SLOTS.map(async () => resources.use(await startNode(folder))))
  await join(nodes)
  return {
    urls: nodes.map(({ url }) => url),
    nodes,
    killNode: async (index) => nodes[index]?.kill(),
    async startNode(index) {
      await nodes[index]?.start()
      await wholeness(nodes)
    },
    flush: async () => void (await Promise.all(nodes.map((node) => node.flush()))),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

async function startNode(folder: string): Promise<TestRedis> {
  const busPort = await freePort()
  const settings = {
    'cluster-enabled': 'yes',
    'cluster-config-file': path.join(folder, `${busPort}.conf`),
    'cluster-port': `${busPort}`,
    'cluster-node-timeout': '1000',
    'cluster-require-full-coverage': 'no',
    dir: folder,
  }
  return provideRedis(Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]))
}

async function join(nodes: readonly TestRedis[]): Promise<void> {
  for (const [index, [first, last]] of SLOTS.entries()) {
    await nodes[index]?.command('cluster', 'addslotsrange', `${first}`, `${last}`)
  }
  const [first, ...others] = nodes
  for (const { url, port } of others) {
    const busPort = await busPortOf(url, nodes)
    await first?.command('cluster', 'meet', '127.0.0.1', `${port}`, busPort)
  }
  await wholeness(nodes)
}

async function busPortOf(url: string, nodes: readonly TestRedis[]): Promise<string> {
  const answer = await nodes.find((node) => node.url === url)?.command('config', 'get', 'cluster-port')
  return Array.isArray(answer) ? String(answer[1]) : ''
}

/** Nothing tells when the nodes have agreed, so they are asked again and again. */
async function wholeness(nodes: readonly TestRedis[]): Promise<void> {
  for (const deadline = AbortSignal.timeout(20_000); !deadline.aborted; await delay(20)) {
    const states = await Promise.all(nodes.map((node) => knowsAll(node, nodes.length)))
    if (states.every(Boolean)) return
  }
  throw new Error('The nodes of the cluster did not find together')
}

async function knowsAll(node: TestRedis, count: number): Promise<boolean> {
  const info = String(await node.command('cluster', 'info'))
  const slots = await node.command('cluster', 'slots')
  const isKnown = info.includes('cluster_state:ok') && info.includes('cluster_slots_ok:16384')
  return isKnown && Array.isArray(slots) && slots.length === count
}

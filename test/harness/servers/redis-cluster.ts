import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startRedis, type TestRedis } from './redis.ts'
import { freePort } from '../network/free-port.ts'

/** A Redis Cluster for one test. */
export type TestRedisCluster = AsyncDisposable &
  Readonly<{
    urls: readonly string[]
    /** The three initial masters. */
    nodes: readonly TestRedis[]
    killNode(index: number): Promise<void>
    /** Starts the node again, empty, as a replica if it was replaced. Resolves when the cluster serves all slots. */
    startNode(index: number): Promise<void>
    /** Resolves when the replica of a killed node serves its slots. */
    waitForTakeover(index: number): Promise<void>
    flush(): Promise<void>
  }>

/** The hash slots of the three masters, in equal parts. */
const SLOTS = [
  [0, 5460],
  [5461, 10_922],
  [10_923, 16_383],
] as const

/**
 * Starts three masters on loopback, with one replica each if asked for. Without replicas, the other masters keep
 * serving their slots while one is down.
 */
export async function startRedisCluster({ withReplicas = false } = {}): Promise<TestRedisCluster> {
  const resources = new AsyncDisposableStack()
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-redis-'))
  resources.defer(() => rm(folder, { recursive: true, force: true }))
  const startThree = (): Promise<TestRedis[]> =>
    Promise.all(SLOTS.map(async () => resources.use(await startNode(folder))))
  const nodes = await startThree()
  await join(nodes)
  const replicas = withReplicas ? await startThree() : []
  await follow(nodes, replicas)
  return {
    urls: nodes.map(({ url }) => url),
    nodes,
    killNode: async (index) => nodes[index]?.kill(),
    async startNode(index) {
      await nodes[index]?.start()
      await waitUntilWhole([...nodes, ...replicas])
    },
    async waitForTakeover(index) {
      const others = nodes.filter((_, other) => other !== index)
      const { port } = replicas[index] as TestRedis
      await eventually(others, async (node) => (await mastersOf(node)).includes(port))
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
    // Replicas sync without a file and without waiting for other replicas.
    'repl-diskless-sync-delay': '0',
    dir: folder,
  }
  return startRedis(Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]))
}

async function join(nodes: readonly TestRedis[]): Promise<void> {
  for (const [index, [first, last]] of SLOTS.entries()) {
    await nodes[index]?.command('cluster', 'addslotsrange', `${first}`, `${last}`)
  }
  const [first, ...others] = nodes
  for (const other of others) await meet(first, other)
  await waitUntilWhole(nodes)
}

/** Makes each replica follow the master with the same index. */
async function follow(masters: readonly TestRedis[], replicas: readonly TestRedis[]): Promise<void> {
  for (const replica of replicas) await meet(masters[0], replica)
  for (const [index, replica] of replicas.entries()) {
    const id = String(await masters[index]?.command('cluster', 'myid'))
    await eventually([replica], async (node) => String(await node.command('cluster', 'nodes')).includes(id))
    await replica.command('cluster', 'replicate', id)
  }
  await eventually(replicas, async (node) =>
    String(await node.command('info', 'replication')).includes('master_link_status:up'),
  )
  await waitUntilWhole([...masters, ...replicas])
}

async function meet(node: TestRedis | undefined, { port, command }: TestRedis): Promise<void> {
  const reply = await command('config', 'get', 'cluster-port')
  const busPort = Array.isArray(reply) ? String(reply[1]) : ''
  await node?.command('cluster', 'meet', '127.0.0.1', `${port}`, busPort)
}

async function waitUntilWhole(nodes: readonly TestRedis[]): Promise<void> {
  await eventually(nodes, async (node) => {
    const info = String(await node.command('cluster', 'info'))
    const isKnown = info.includes('cluster_state:ok') && info.includes('cluster_slots_ok:16384')
    return isKnown && (await mastersOf(node)).length === SLOTS.length
  })
}

/** Returns the ports of the masters, as this node knows them. */
async function mastersOf(node: TestRedis): Promise<readonly unknown[]> {
  const slots = await node.command('cluster', 'slots')
  if (!Array.isArray(slots)) return []
  const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value)
  return slots.map((range: unknown) => (isList(range) && isList(range[2]) ? range[2][1] : undefined))
}

/** Polls the nodes: Redis has no event for their agreement. */
async function eventually(
  nodes: readonly TestRedis[],
  condition: (node: TestRedis) => Promise<boolean>,
): Promise<void> {
  for (const deadline = AbortSignal.timeout(20_000); !deadline.aborted; await delay(20)) {
    const results = await Promise.all(nodes.map(condition))
    if (results.every(Boolean)) return
  }
  throw new Error('The nodes of the cluster did not agree within 20 seconds.')
}

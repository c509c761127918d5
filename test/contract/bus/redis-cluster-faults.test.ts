import { expect, test } from 'vitest'
import { range } from '../../harness/fixtures/chat-events.ts'
import { startRedisCluster } from '../../harness/servers/redis-cluster.ts'
import { startNumberedFlow } from './numbered-flow.ts'
import { startRedisEnd } from './redis-ends.ts'

test('reports a gap each time the subscriptions to all nodes are killed', async () => {
  await using cluster = await startRedisCluster()
  await using east = await startRedisEnd(cluster.urls)
  await using west = await startRedisEnd(cluster.urls)
  await using flow = await startNumberedFlow(east.bus, west.bus)
  for (const _ of range(1, 20)) {
    await flow.nextNumber()
    const gapReported = flow.nextGap()
    await Promise.all(cluster.nodes.map((node) => node.command('client', 'kill', 'type', 'pubsub')))
    await gapReported
  }
  await flow.nextNumber()
  expect(await flow.finish()).toEqual([])
})

/** Long enough for a publish to a dead node, even on a busy machine. */
const DEAD_MS = 500

test('reports gaps and recovers when one node after the other restarts', async () => {
  await using cluster = await startRedisCluster()
  await using east = await startRedisEnd(cluster.urls)
  await using west = await startRedisEnd(cluster.urls)
  await using flow = await startNumberedFlow(east.bus, west.bus)
  for (const index of cluster.nodes.keys()) {
    await flow.nextNumber()
    await cluster.killNode(index)
    await new Promise((resolve) => setTimeout(resolve, DEAD_MS))
    await cluster.startNode(index)
  }
  await flow.nextNumber()
  expect(await flow.finish()).toEqual([])
  expect(flow.rejections.length).toBeGreaterThan(0)
  expect(Math.max(...flow.rejections)).toBeLessThan(2_500)
})

test('rejects publish within its deadline and reports the gap when the nodes hang', async () => {
  await using cluster = await startRedisCluster()
  await using east = await startRedisEnd(cluster.urls)
  await using west = await startRedisEnd(cluster.urls)
  await using flow = await startNumberedFlow(east.bus, west.bus)
  await flow.nextNumber()
  const gapReported = flow.nextGap()
  for (const node of cluster.nodes) node.pause()
  await new Promise((resolve) => setTimeout(resolve, 3_500))
  for (const node of cluster.nodes) node.resume()
  await gapReported
  await flow.nextNumber()
  expect(await flow.finish()).toEqual([])
  expect(Math.max(...flow.rejections)).toBeLessThan(2_500)
})

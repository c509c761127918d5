import { expect, test } from 'vitest'
import { range } from '../../harness/fixtures/chat-events.ts'
import { startRedisCluster } from '../../harness/servers/redis-cluster.ts'
import { startNumberedFlow } from './numbered-flow.ts'
import { startRedisEnd } from './redis-ends.ts'

test('when the subscriptions to all nodes are killed again and again, what is missing is announced each time', async () => {
  await using cluster = await startRedisCluster()
  await using east = await startRedisEnd(cluster.urls)
  await using west = await startRedisEnd(cluster.urls)
  await using flow = await startNumberedFlow(east.bus, west.bus)
  for (const _ of range(1, 20)) {
    await flow.nextNumber()
    const told = flow.nextGap()
    await Promise.all(cluster.nodes.map((node) => node.command('client', 'kill', 'type', 'pubsub')))
    await told
  }
  await flow.nextNumber()
  expect(await flow.finish()).toEqual([])
})

/** Long enough for a publish to meet a node that is dead, also on a busy machine. */
const DEAD_MS = 500

test('when one node after the other dies and comes back, what is missing is announced, and it is heard again', async () => {
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
  expect(flow.refusals.length).toBeGreaterThan(0)
  expect(Math.max(...flow.refusals)).toBeLessThan(2_500)
})

test('when a node hangs, publishing fails within its deadline, and what is missing is announced', async () => {
  await using cluster = await startRedisCluster()
  await using east = await startRedisEnd(cluster.urls)
  await using west = await startRedisEnd(cluster.urls)
  await using flow = await startNumberedFlow(east.bus, west.bus)
  await flow.nextNumber()
  const told = flow.nextGap()
  for (const node of cluster.nodes) node.pause()
  await new Promise((resolve) => setTimeout(resolve, 3_500))
  for (const node of cluster.nodes) node.resume()
  await told
  await flow.nextNumber()
  expect(await flow.finish()).toEqual([])
  expect(Math.max(...flow.refusals)).toBeLessThan(2_500)
})

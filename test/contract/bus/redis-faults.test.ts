import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { GatewayId } from '../../../src/ids.ts'
import { retry } from '../../../src/lib/backoff.ts'
import { EventQueue } from '../../harness/fixtures/event-queue.ts'
import { range } from '../../harness/fixtures/chat-events.ts'
import { startRedis } from '../../harness/servers/redis.ts'
import { startTcpProxy } from '../../harness/network/tcp-proxy.ts'
import { startNumberedFlow, unreported } from './numbered-flow.ts'
import { startRedisEnd } from './redis-ends.ts'

test('the check itself: a reported gap covers missing numbers before it, and no others', () => {
  expect(unreported([1, 2, 3, 4], [1, 4, 'gap'])).toEqual([])
  expect(unreported([1, 2, 3, 4], [1, 'gap', 3, 4])).toEqual([])
  expect(unreported([1, 2, 3, 4], ['gap', 1, 4])).toEqual([2, 3])
  expect(unreported([1, 2, 3, 4], [1, 2])).toEqual([3, 4])
})

test('reports a gap each time the subscription is killed', async () => {
  await using redis = await startRedis()
  await using east = await startRedisEnd([redis.url])
  await using west = await startRedisEnd([redis.url])
  await using flow = await startNumberedFlow(east.bus, west.bus)
  for (const _ of range(1, 20)) {
    await flow.nextNumber()
    const gapReported = flow.nextGap()
    await redis.command('client', 'kill', 'type', 'pubsub')
    await gapReported
  }
  await flow.nextNumber()
  expect(await flow.finish()).toEqual([])
  expect(flow.rejections).toEqual([])
})

test('rejects publish at once while Redis is dead, and reports the gap when it is back', async () => {
  await using redis = await startRedis()
  await using east = await startRedisEnd([redis.url])
  await using west = await startRedisEnd([redis.url])
  await using flow = await startNumberedFlow(east.bus, west.bus)
  for (const _ of range(1, 3)) {
    await flow.nextNumber()
    const gapReported = flow.nextGap()
    await redis.kill()
    await expect(east.bus.publish('west' as GatewayId, 'Hello')).rejects.toThrow()
    // Redis is away until a reconnect has failed.
    await expect.poll(() => east.faults(), { timeout: 10_000 }).toBeGreaterThan(0)
    await redis.start()
    await gapReported
  }
  await flow.nextNumber()
  expect(await flow.finish()).toEqual([])
  // A command that waits for an answer times out after two seconds.
  expect(Math.max(...flow.rejections)).toBeLessThan(1_500)
  expect(east.lines.some(({ msg }) => msg === 'redis connection failed; it will retry')).toBe(true)
})

test('rejects publish within its deadline while Redis hangs, and reports the gap', async () => {
  await using redis = await startRedis()
  await using east = await startRedisEnd([redis.url])
  await using west = await startRedisEnd([redis.url])
  await using flow = await startNumberedFlow(east.bus, west.bus)
  await flow.nextNumber()
  const gapReported = flow.nextGap()
  redis.pause()
  await delay(3_500)
  redis.resume()
  await gapReported
  await flow.nextNumber()
  expect(await flow.finish()).toEqual([])
  expect(flow.rejections.length).toBeGreaterThan(0)
  expect(Math.max(...flow.rejections)).toBeLessThan(2_500)
})

test('detects a silently dead connection within four seconds, and reconnects', async () => {
  await using redis = await startRedis()
  await using proxy = await startTcpProxy(redis.url)
  await using east = await startRedisEnd([redis.url])
  await using west = await startRedisEnd([proxy.url])
  await using flow = await startNumberedFlow(east.bus, west.bus)
  await flow.nextNumber()
  proxy.blackhole()
  const cutAt = performance.now()
  const gapReported = flow.nextGap()
  await until(() => west.faults() > 0)
  expect(performance.now() - cutAt).toBeLessThan(4_000)
  proxy.restore()
  await gapReported
  await flow.nextNumber()
  expect(await flow.finish()).toEqual([])
})

test('subscribes as soon as Redis is there, and reports a gap, if it was away at the start', async () => {
  await using redis = await startRedis()
  await redis.kill()
  await using east = await startRedisEnd([redis.url])
  const received = new EventQueue<string>()
  const subscribed = east.bus.subscribe('east' as GatewayId, {
    onMessage: (message) => received.push(message),
    onGap: () => received.push('(gap)'),
  })
  await redis.start()
  await subscribed
  const publish = async (): Promise<void> => east.bus.publish('east' as GatewayId, 'Good morning')
  await retry(publish, () => true, { firstMs: 10, maxMs: 100 })
  expect(await received.until((all) => all.length >= 2)).toEqual(['(gap)', 'Good morning'])
})

test('rejects what is pending when it is closed while Redis hangs', async () => {
  await using redis = await startRedis()
  await using east = await startRedisEnd([redis.url])
  await using west = await startRedisEnd([redis.url])
  redis.pause()
  const hanging = east.bus.publish('west' as GatewayId, 'Hello')
  const waiting = west.bus.subscribe('west' as GatewayId, {
    onMessage: () => undefined,
    onGap: () => undefined,
  })
  await Promise.all([east.bus.close(), west.bus.close()])
  await expect(waiting).rejects.toThrow('closed')
  await expect(hanging).rejects.toThrow()
  redis.resume()
})

test('delivers garbage unchanged, and later messages too', async () => {
  await using redis = await startRedis()
  await using east = await startRedisEnd([redis.url])
  const id = `gateway-${randomUUID()}` as GatewayId
  const received = new EventQueue<string>()
  await east.bus.subscribe(id, {
    onMessage: (text) => received.push(text),
    onGap: () => received.push('(gap)'),
  })
  const garbage = ['', '{', 'null', '{"__proto__":1}', '\0\x01\x02', '[[[[[[', '💥'.repeat(10_000)]
  for (const text of garbage) await redis.command('publish', `gateway:${id}`, text)
  await east.bus.publish(id, 'a later message')
  expect(await received.until((all) => all.includes('a later message'))).toEqual([
    ...garbage,
    'a later message',
  ])
})

test('loses no message when Redis is emptied', async () => {
  await using redis = await startRedis()
  await using east = await startRedisEnd([redis.url])
  await using west = await startRedisEnd([redis.url])
  await using flow = await startNumberedFlow(east.bus, west.bus)
  await flow.nextNumber()
  await redis.flush()
  await flow.nextNumber()
  expect(await flow.finish()).toEqual([])
  expect(flow.received.all).not.toContain('gap')
})

/** Polls the condition: faults are counted without an event. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(10)
}

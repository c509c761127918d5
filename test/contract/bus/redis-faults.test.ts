import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { GatewayId } from '../../../src/ids.ts'
import { retry } from '../../../src/lib/backoff.ts'
import { EventQueue } from '../../harness/fixtures/event-queue.ts'
import { range } from '../../harness/fixtures/chat-events.ts'
import { startRedis } from '../../harness/servers/redis.ts'
import { startTcpProxy } from '../../harness/network/tcp-proxy.ts'
import { startNumberedFlow, unannounced } from './numbered-flow.ts'
import { startRedisEnd } from './redis-ends.ts'

test('the check for missing numbers: a gap that is announced excuses what came before it, and nothing else', () => {
  expect(unannounced([1, 2, 3, 4], [1, 4, 'gap'])).toEqual([])
  expect(unannounced([1, 2, 3, 4], [1, 'gap', 3, 4])).toEqual([])
  expect(unannounced([1, 2, 3, 4], ['gap', 1, 4])).toEqual([2, 3])
  expect(unannounced([1, 2, 3, 4], [1, 2])).toEqual([3, 4])
})

test('when its subscriptions are killed again and again, a gateway is told each time that it may have missed something', async () => {
  await using redis = await startRedis()
  await using east = await startRedisEnd([redis.url])
  await using west = await startRedisEnd([redis.url])
  await using flow = await startNumberedFlow(east.bus, west.bus)
  for (const _ of range(1, 20)) {
    await flow.nextNumber()
    const told = flow.nextGap()
    await redis.command('client', 'kill', 'type', 'pubsub')
    await told
  }
  await flow.nextNumber()
  expect(await flow.finish()).toEqual([])
  expect(flow.refusals).toEqual([])
})

test('when Redis dies and comes back empty, publishing fails at once meanwhile, and what is missing is announced', async () => {
  await using redis = await startRedis()
  await using east = await startRedisEnd([redis.url])
  await using west = await startRedisEnd([redis.url])
  await using flow = await startNumberedFlow(east.bus, west.bus)
  for (const _ of range(1, 3)) {
    await flow.nextNumber()
    const told = flow.nextGap()
    await redis.kill()
    await expect(east.bus.publish('anybody' as GatewayId, 'Hello')).rejects.toThrow()
    // Away for long enough to be looked for in vain.
    await expect.poll(() => east.faults(), { timeout: 10_000 }).toBeGreaterThan(0)
    await redis.start()
    await told
  }
  await flow.nextNumber()
  expect(await flow.finish()).toEqual([])
  // Waiting for an answer in vain takes two seconds.
  expect(Math.max(...flow.refusals)).toBeLessThan(1_500)
  expect(east.lines.some(({ msg }) => msg === 'trouble with Redis')).toBe(true)
})

test('when Redis hangs, publishing fails within its deadline, and what is missing is announced', async () => {
  await using redis = await startRedis()
  await using east = await startRedisEnd([redis.url])
  await using west = await startRedisEnd([redis.url])
  await using flow = await startNumberedFlow(east.bus, west.bus)
  await flow.nextNumber()
  const told = flow.nextGap()
  redis.pause()
  await delay(3_500)
  redis.resume()
  await told
  await flow.nextNumber()
  expect(await flow.finish()).toEqual([])
  expect(flow.refusals.length).toBeGreaterThan(0)
  expect(Math.max(...flow.refusals)).toBeLessThan(2_500)
})

test('a connection that died without a sound is noticed within four seconds, and made again', async () => {
  await using redis = await startRedis()
  await using proxy = await startTcpProxy(redis.url)
  await using east = await startRedisEnd([redis.url])
  await using west = await startRedisEnd([proxy.url])
  await using flow = await startNumberedFlow(east.bus, west.bus)
  await flow.nextNumber()
  proxy.blackhole()
  const noticedFrom = performance.now()
  const told = flow.nextGap()
  await until(() => west.faults() > 0)
  expect(performance.now() - noticedFrom).toBeLessThan(4_000)
  proxy.restore()
  await told
  await flow.nextNumber()
  expect(await flow.finish()).toEqual([])
})

test('a gateway that starts while Redis is away hears as soon as it is there, and is told that it may have missed something', async () => {
  await using redis = await startRedis()
  await redis.kill()
  await using east = await startRedisEnd([redis.url])
  const heard = new EventQueue<string>()
  const subscribed = east.bus.subscribe('east' as GatewayId, {
    onMessage: (message) => heard.push(message),
    onGap: () => heard.push('(gap)'),
  })
  await redis.start()
  await subscribed
  const publish = async (): Promise<void> => east.bus.publish('east' as GatewayId, 'Good morning')
  await retry(publish, () => true, { firstMs: 10, maxMs: 100 })
  expect(await heard.until((all) => all.length >= 2)).toEqual(['(gap)', 'Good morning'])
})

test('a bus is closed while Redis is away or hangs, and whoever waits for it is told', async () => {
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

test('garbage that somebody publishes by hand arrives as it is, and harms nothing', async () => {
  await using redis = await startRedis()
  await using east = await startRedisEnd([redis.url])
  const id = `gateway-${randomUUID()}` as GatewayId
  const heard = new EventQueue<string>()
  await east.bus.subscribe(id, { onMessage: (text) => heard.push(text), onGap: () => heard.push('(gap)') })
  const garbage = ['', '{', 'null', '{"__proto__":1}', '\0\x01\x02', '[[[[[[', '💥'.repeat(10_000)]
  for (const text of garbage) await redis.command('publish', `gateway:${id}`, text)
  await east.bus.publish(id, 'and on it goes')
  expect(await heard.until((all) => all.includes('and on it goes'))).toEqual([...garbage, 'and on it goes'])
})

test('an emptied Redis loses no message', async () => {
  await using redis = await startRedis()
  await using east = await startRedisEnd([redis.url])
  await using west = await startRedisEnd([redis.url])
  await using flow = await startNumberedFlow(east.bus, west.bus)
  await flow.nextNumber()
  await redis.flush()
  await flow.nextNumber()
  expect(await flow.finish()).toEqual([])
  expect(flow.heard.all).not.toContain('gap')
})

/** Nothing tells of a fault that was counted, so it is looked for again and again. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(10)
}

import { afterEach, expect, test, vi } from 'vitest'
import { RedisCall } from '../../../src/redis/redis-call.ts'

afterEach(() => vi.useRealTimers())

test('its answer is text, also inside of lists', async () => {
  const call = new RedisCall('lrange', ['key', 0, 1])
  call.resolve([Buffer.from('Grüße'), [Buffer.from('b'), null, 7]])
  expect(await call.promise).toEqual(['Grüße', ['b', null, 7]])
  expect(call.isResolved).toBe(true)
})

test('arguments are sent as text', () => {
  const text = new RedisCall('set', ['key', 7]).toWritable({})
  expect(text).toBe('*3\r\n$3\r\nset\r\n$3\r\nkey\r\n$1\r\n7\r\n')
})

test('it is rejected with the error of the server', async () => {
  const call = new RedisCall('get', ['key'])
  call.reject(new Error('WRONGTYPE'))
  await expect(call.promise).rejects.toThrow('WRONGTYPE')
})

test('it is rejected after its timeout, and not after an answer', async () => {
  vi.useFakeTimers()
  const [late, answered] = [new RedisCall('get', ['a']), new RedisCall('get', ['b'])]
  for (const call of [late, answered]) call.setTimeout(1_000)
  answered.resolve(Buffer.from('value'))
  expect(vi.getTimerCount()).toBe(1)
  const outcome = expect(late.promise).rejects.toThrow('Command timed out')
  await vi.advanceTimersByTimeAsync(1_000)
  await outcome
  expect(await answered.promise).toBe('value')
})

test('it has no closures of its own, which would be born in the old generation', () => {
  const call = new RedisCall('get', ['key'])
  const functions = Object.entries(call).filter(([, value]) => typeof value === 'function')
  expect(functions).toEqual([])
})

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createSentinelWatch } from '../../../src/redis/sentinel-watch.ts'
import { captureLog } from '../../harness/fixtures/captured-log.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Runs one round on a connection to 10.0.0.1:6379. Returns how often the connection was cut. */
async function cutsAfter(
  primaries: readonly (string | undefined)[],
  remoteAddress = '10.0.0.1',
): Promise<number> {
  const disconnect = vi.fn<() => void>()
  const stream = { remoteAddress, remotePort: 6_379 }
  const watch = createSentinelWatch({
    client: { status: 'ready', stream, disconnect } as never,
    ask: async () => primaries.map((primary, index) => ({ sentinel: `s${index}`, primary })),
    logger: captureLog().logger,
  })
  watch.start()
  await vi.advanceTimersByTimeAsync(2_100)
  await watch.stop()
  return disconnect.mock.calls.length
}

test('leaves a primary if more than half of the sentinels name another one', async () => {
  expect(await cutsAfter(['10.0.0.2:6379', '10.0.0.2:6379', '10.0.0.1:6379'])).toBe(1)
  expect(await cutsAfter(['10.0.0.2:6379', '10.0.0.2:6379', undefined])).toBe(1)
  expect(await cutsAfter(['10.0.0.1:7000', '10.0.0.1:7000', '10.0.0.1:7000'])).toBe(1)
})

test('stays on a primary that the sentinels name, or while they do not agree or do not answer', async () => {
  expect(await cutsAfter(['10.0.0.1:6379', '10.0.0.1:6379', '10.0.0.2:6379'])).toBe(0)
  expect(await cutsAfter(['10.0.0.2:6379', '10.0.0.3:6379', '10.0.0.1:6379'])).toBe(0)
  expect(await cutsAfter(['10.0.0.2:6379', undefined, undefined])).toBe(0)
  expect(await cutsAfter(['10.0.0.1:6379', '10.0.0.1:6379', '10.0.0.1:6379'], '::ffff:10.0.0.1')).toBe(0)
})

test('stays if the sentinels name a host, which is not comparable', async () => {
  expect(await cutsAfter(['redis.example:6379', 'redis.example:6379', 'redis.example:6379'])).toBe(0)
})

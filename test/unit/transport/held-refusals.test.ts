import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { HeldRefusals } from '../../../src/transport/http/held-refusals.ts'

const ADDRESS = '192.0.2.1'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

/** Begins to hold refusals, and returns what they resolve with in the order in which they do. */
function holdAll(held: HeldRefusals, addresses: readonly string[]): boolean[] {
  const results: boolean[] = []
  for (const address of addresses) void held.hold(address, 1_000).then((wasHeld) => results.push(wasHeld))
  return results
}

test('holds a refusal for its time, and no longer', async () => {
  const results = holdAll(new HeldRefusals(), [ADDRESS])
  await vi.advanceTimersByTimeAsync(999)
  expect(results).toEqual([])
  await vi.advanceTimersByTimeAsync(1)
  expect(results).toEqual([true])
})

test('lets a refusal beyond the limit of its address go at once', async () => {
  const results = holdAll(new HeldRefusals(2), [ADDRESS, ADDRESS, ADDRESS])
  await vi.advanceTimersByTimeAsync(0)
  expect(results).toEqual([false])
  await vi.advanceTimersByTimeAsync(1_000)
  expect(results).toEqual([false, true, true])
})

test('counts each address for itself', async () => {
  const results = holdAll(new HeldRefusals(1), [ADDRESS, '192.0.2.2'])
  await vi.advanceTimersByTimeAsync(1_000)
  expect(results).toEqual([true, true])
})

test('has room again for each refusal that has gone', async () => {
  const held = new HeldRefusals(2)
  holdAll(held, [ADDRESS])
  await vi.advanceTimersByTimeAsync(500)
  holdAll(held, [ADDRESS])
  await vi.advanceTimersByTimeAsync(500)
  const whileOneIsHeld = holdAll(held, [ADDRESS, ADDRESS])
  await vi.advanceTimersByTimeAsync(1_000)
  expect(whileOneIsHeld).toEqual([false, true])
  const afterAll = holdAll(held, [ADDRESS, ADDRESS, ADDRESS])
  await vi.advanceTimersByTimeAsync(1_000)
  expect(afterAll).toEqual([false, true, true])
})

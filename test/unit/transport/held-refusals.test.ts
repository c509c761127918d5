import { expect, test, vi } from 'vitest'
import { HeldRefusals } from '../../../src/transport/http/held-refusals.ts'

test('holds so many refusals of an address, and lets the others go at once', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] })
  const held = new HeldRefusals(2)
  const order: string[] = []
  const hold = async (name: string, address: string): Promise<void> => {
    order.push(`${name} ${await held.hold(address, 1_000)}`)
  }
  const all = [
    hold('first', '192.0.2.1'),
    hold('second', '192.0.2.1'),
    hold('third', '192.0.2.1'),
    hold('other', '192.0.2.2'),
  ]
  await all[2]
  expect(order).toEqual(['third false'])
  await vi.advanceTimersByTimeAsync(1_000)
  await Promise.all(all)
  expect(order.slice(1)).toEqual(['first true', 'second true', 'other true'])
  const again = hold('again', '192.0.2.1')
  await vi.advanceTimersByTimeAsync(1_000)
  await again
  expect(order.at(-1)).toBe('again true')
  vi.useRealTimers()
})

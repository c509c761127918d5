import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { backoffMs, retry } from '../../../src/lib/backoff.ts'

const AT_ONCE = { firstMs: 0, maxMs: 0 }
const IN_AN_HOUR = { firstMs: 3_600_000, maxMs: 3_600_000, random: () => 1 }

describe('backoffMs', () => {
  test('its ceiling doubles with each attempt, up to the most there is', () => {
    const ceilings = [0, 1, 2, 3, 4, 2_000].map((attempt) =>
      backoffMs(attempt, { firstMs: 20, maxMs: 100, random: () => 1 }),
    )
    expect(ceilings).toEqual([20, 40, 80, 100, 100, 100])
  })

  test('is anything between nothing and the ceiling', () => {
    fc.assert(
      fc.property(fc.nat(50), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, chance) => {
        const ms = backoffMs(attempt, { firstMs: 20, maxMs: 500, random: () => chance })
        expect(ms).toBeGreaterThanOrEqual(0)
        expect(ms).toBeLessThanOrEqual(Math.min(500, 20 * 2 ** attempt))
      }),
    )
    expect(backoffMs(3, { firstMs: 20, maxMs: 500, random: () => 0 })).toBe(0)
  })
})

describe('retry', () => {
  test('tries until it succeeds, and tells each attempt its number', async () => {
    const attempts: number[] = []
    const work = async (attempt: number): Promise<string> => {
      attempts.push(attempt)
      if (attempt < 3) throw new Error('not yet')
      return 'done'
    }
    expect(await retry(work, () => true, AT_ONCE)).toBe('done')
    expect(attempts).toEqual([0, 1, 2, 3])
  })

  test('throws the last error as it came once it is not worth trying any more', async () => {
    const [first, second] = [new Error('first'), new Error('second')]
    const work = async (attempt: number): Promise<never> => {
      throw attempt === 0 ? first : second
    }
    await expect(retry(work, (_, attempt) => attempt < 1, AT_ONCE)).rejects.toBe(second)
  })

  test('throws what the question whether to retry throws', async () => {
    const translated = new Error('translated')
    const translate = (): never => {
      throw translated
    }
    await expect(retry(() => Promise.reject(new Error('raw')), translate, AT_ONCE)).rejects.toBe(translated)
  })

  test("rejects with the signal's reason when it fires during a pause, however long that is", async () => {
    const [stopping, reason] = [new AbortController(), new Error('stopping')]
    const work = async (): Promise<never> => {
      setImmediate(() => stopping.abort(reason))
      throw new Error('not yet')
    }
    await expect(retry(work, () => true, IN_AN_HOUR, stopping.signal)).rejects.toBe(reason)
  })

  test('does not even ask whether to try again once the signal has fired, and rejects with its reason', async () => {
    const [stopping, reason] = [new AbortController(), new Error('stopping')]
    const shouldRetry = vi.fn<() => boolean>(() => true)
    const work = vi.fn<() => Promise<never>>(async () => {
      stopping.abort(reason)
      throw new Error('not yet')
    })
    await expect(retry(work, shouldRetry, AT_ONCE, stopping.signal)).rejects.toBe(reason)
    expect(work).toHaveBeenCalledOnce()
    expect(shouldRetry).not.toHaveBeenCalled()
  })
})

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createBackgroundLoop } from '../../../src/lib/background-loop.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

type Log = (fields: object, text: string) => void
type Options = Parameters<typeof createBackgroundLoop>[0]

function loopOf(options: Partial<Options> = {}) {
  const run = vi.fn<Options['run']>(options.run ?? (() => undefined))
  const logger = { warn: vi.fn<Log>(), debug: vi.fn<Log>() }
  const loop = createBackgroundLoop({ component: 'test', intervalMs: 100, logger, ...options, run })
  return { loop, run, logger, rounds: () => run.mock.calls.length }
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

describe('rounds', () => {
  test('begins the first round at once, and the next after each interval', async () => {
    const { loop, rounds } = loopOf()
    loop.start()
    expect(rounds()).toBe(1)
    await pass(99)
    expect(rounds()).toBe(1)
    await pass(1)
    expect(rounds()).toBe(2)
    await loop.stop()
  })

  test('runs once per interval if it is started twice', async () => {
    const { loop, rounds } = loopOf()
    loop.start()
    loop.start()
    await pass(100)
    expect(rounds()).toBe(2)
    await loop.stop()
  })

  test('rests before the first round if told to', async () => {
    const { loop, rounds } = loopOf({ startsWithRest: true })
    loop.start()
    await pass(99)
    expect(rounds()).toBe(0)
    await pass(1)
    expect(rounds()).toBe(1)
    await loop.stop()
  })

  test('never runs two rounds at a time: the interval begins when a round is done', async () => {
    const { loop, rounds } = loopOf({ run: () => new Promise((resolve) => setTimeout(resolve, 250)) })
    loop.start()
    await pass(349)
    expect(rounds()).toBe(1)
    await pass(1)
    expect(rounds()).toBe(2)
    const stopped = loop.stop()
    await pass(250)
    await stopped
  })

  test('asks for the interval before each rest', async () => {
    let intervalMs = 100
    const { loop, rounds } = loopOf({ intervalMs: () => intervalMs })
    loop.start()
    await pass(50)
    intervalMs = 10
    await pass(50)
    expect(rounds()).toBe(2)
    await pass(10)
    expect(rounds()).toBe(3)
    await loop.stop()
  })

  test('a round may choose the rest after it', async () => {
    const rests = [10, undefined, 0]
    const { loop, rounds } = loopOf({ run: () => rests.shift() })
    loop.start()
    await pass(10)
    expect(rounds()).toBe(2)
    await pass(99)
    expect(rounds()).toBe(2)
    await pass(1)
    expect(rounds()).toBe(3)
    await pass(1)
    expect(rounds()).toBe(4)
    await loop.stop()
  })
})

describe('wake', () => {
  test('ends a rest early, also one without end', async () => {
    for (const intervalMs of [100, Infinity]) {
      const { loop, rounds } = loopOf({ intervalMs })
      loop.start()
      await pass(5)
      loop.wake()
      await pass(0)
      expect(rounds()).toBe(2)
      await loop.stop()
    }
  })

  test('during a round: the next one follows without a rest, and the one after that as usual', async () => {
    const { loop, rounds } = loopOf({ run: () => new Promise((resolve) => setTimeout(resolve, 10)) })
    loop.start()
    loop.wake()
    loop.wake()
    await pass(10)
    expect(rounds()).toBe(2)
    await pass(109)
    expect(rounds()).toBe(2)
    await pass(1)
    expect(rounds()).toBe(3)
    const stopped = loop.stop()
    await pass(10)
    await stopped
  })

  test('does not shorten the least rest', async () => {
    const { loop, rounds } = loopOf({ minRestMs: 20 })
    loop.start()
    await pass(5)
    loop.wake()
    await pass(14)
    expect(rounds()).toBe(1)
    await pass(1)
    expect(rounds()).toBe(2)
    await loop.stop()
  })

  test('leaves no timer behind', async () => {
    const { loop } = loopOf()
    loop.start()
    await pass(0)
    loop.wake()
    await pass(0)
    expect(vi.getTimerCount()).toBe(1)
    await loop.stop()
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('failure', () => {
  test.each([
    ['throws', () => fail()],
    ['rejects', async () => fail()],
  ])('a round that %s is logged with the name of the loop, and the next one runs', async (_, run) => {
    const { loop, rounds, logger } = loopOf({ run })
    loop.start()
    await pass(100)
    expect(rounds()).toBe(2)
    expect(logger.warn).toHaveBeenLastCalledWith(
      { err: new Error('broken'), component: 'test', failuresInARow: 2 },
      'background work failed; the next round tries again',
    )
    await loop.stop()
  })

  test('is logged at the chosen level', async () => {
    const { loop, logger } = loopOf({ run: fail, failureLogLevel: 'debug' })
    loop.start()
    await pass(0)
    expect(logger.debug).toHaveBeenCalledOnce()
    expect(logger.warn).not.toHaveBeenCalled()
    await loop.stop()
  })

  test('the rest grows with failures in a row, and is the interval again after a success', async () => {
    const outcomes = [fail, fail, () => undefined, fail]
    const { loop, rounds } = loopOf({
      run: () => outcomes.shift()?.(),
      retryDelayMs: (failures) => 1_000 * failures,
    })
    loop.start()
    await pass(1_000)
    expect(rounds()).toBe(2)
    await pass(1_999)
    expect(rounds()).toBe(2)
    await pass(1)
    expect(rounds()).toBe(3)
    await pass(100)
    expect(rounds()).toBe(4)
    await pass(1_000)
    expect(rounds()).toBe(5)
    await loop.stop()
  })
})

describe('stop', () => {
  test('ends a rest, however long, and no round follows', async () => {
    const { loop, rounds } = loopOf({ intervalMs: Infinity })
    loop.start()
    await pass(0)
    await loop.stop()
    loop.wake()
    loop.start()
    await pass(1_000)
    expect(rounds()).toBe(1)
  })

  test('ends the least rest as well', async () => {
    const { loop } = loopOf({ minRestMs: 1_000, intervalMs: 1_000 })
    loop.start()
    await pass(0)
    await loop.stop()
    expect(vi.getTimerCount()).toBe(0)
  })

  test('aborts the signal of the round under way, and resolves when that is done', async () => {
    const signals: AbortSignal[] = []
    const { loop } = loopOf({
      async run(signal) {
        signals.push(signal)
        await new Promise((resolve) => setTimeout(resolve, 50))
      },
    })
    loop.start()
    let isStopped = false
    const stopped = loop.stop().then(() => (isStopped = true))
    expect(signals.map(({ aborted }) => aborted)).toEqual([true])
    await pass(49)
    expect(isStopped).toBe(false)
    await pass(1)
    await stopped
    expect(signals).toHaveLength(1)
  })

  test('resolves at once if the loop was never started, which it then can not be', async () => {
    const { loop, rounds } = loopOf()
    await loop.stop()
    loop.start()
    await pass(1_000)
    expect(rounds()).toBe(0)
  })
})

function fail(): never {
  throw new Error('broken')
}

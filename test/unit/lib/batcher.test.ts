import { setImmediate as thisTurn } from 'node:timers/promises'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { BatcherFullError, createBatcher } from '../../../src/lib/batcher.ts'
import { createManualWork } from '../../harness/fixtures/manual-work.ts'
import { range } from '../../harness/fixtures/chat-events.ts'

function heldBatcher({ maxBatch = 10, maxWaiting = 100 } = {}) {
  const { run, calls } = createManualWork<number, string>()
  const batcher = createBatcher<number, string>({ run, maxBatch, maxWaiting })
  const submitAll = (items: readonly number[]) => Promise.all(items.map((item) => batcher.submit(item)))
  return { batcher, calls, submitAll }
}

const words = (items: readonly number[]): string[] => items.map((item) => `done ${item}`)

test('starts at once when idle, without waiting for a full batch', async () => {
  const { batcher, calls } = heldBatcher()
  const answer = batcher.submit(1)
  await thisTurn()
  expect(calls.all.map(({ items }) => items)).toEqual([[1]])
  calls.all[0]?.finish(['done'])
  expect(await answer).toBe('done')
})

test('items that are submitted together are one batch', async () => {
  const { submitAll, calls } = heldBatcher()
  void submitAll([1, 2, 3])
  expect((await calls.next()).items).toEqual([1, 2, 3])
})

test('processes one batch at a time; items that arrive meanwhile are the next, each with its own result', async () => {
  const { batcher, submitAll, calls } = heldBatcher()
  const first = submitAll([1])
  const underWay = await calls.next()
  const later = submitAll([2, 3, 4])
  expect([calls.all.length, batcher.depth()]).toEqual([1, 3])

  underWay.finish(['done 1'])
  const next = await calls.next()
  expect([next.items, batcher.depth()]).toEqual([[2, 3, 4], 0])
  next.finish(words([2, 3, 4]))
  expect([await first, await later]).toEqual([['done 1'], ['done 2', 'done 3', 'done 4']])
})

test('bounds the size of batches and keeps the order of items', async () => {
  const batches: (readonly number[])[] = []
  const run = async (items: readonly number[]) => {
    batches.push(items)
    return words(items)
  }
  const batcher = createBatcher({ run, maxBatch: 4, maxWaiting: 100 })
  const answers = await Promise.all(range(1, 10).map((item) => batcher.submit(item)))
  expect(batches).toEqual([range(1, 4), range(5, 8), [9, 10]])
  expect(answers).toEqual(words(range(1, 10)))
})

test('with a concurrency, as many batches are in progress, and later items gather until one ends', async () => {
  const { run, calls } = createManualWork<number, string>()
  const batcher = createBatcher<number, string>({ run, maxBatch: 10, maxWaiting: 100, concurrency: 2 })
  const first = batcher.submit(1)
  await calls.until((all) => all.length === 1)
  const second = batcher.submit(2)
  const [one, two] = await calls.until((all) => all.length === 2)
  const later = [batcher.submit(3), batcher.submit(4)]
  await thisTurn()
  expect([calls.all.length, batcher.depth()]).toEqual([2, 2])

  two?.finish(['done 2'])
  const third = (await calls.until((all) => all.length === 3)).at(-1)
  expect(third?.items).toEqual([3, 4])
  const drained = batcher.drained().then(() => 'drained')
  third?.finish(['done 3', 'done 4'])
  await Promise.all(later)
  expect(await Promise.race([drained, thisTurn('in progress')])).toBe('in progress')
  one?.finish(['done 1'])
  expect([await first, await second, await drained]).toEqual(['done 1', 'done 2', 'drained'])
})

describe('with a patience', () => {
  const PATIENCE_MS = 50

  function patientBatcher() {
    vi.useFakeTimers()
    const { run, calls } = createManualWork<number, string>()
    const batcher = createBatcher<number, string>({
      run,
      maxBatch: 10,
      maxWaiting: 100,
      concurrency: 3,
      patienceMs: PATIENCE_MS,
    })
    const submitted = (item: number): Promise<string> => {
      const answer = batcher.submit(item)
      answer.catch(() => undefined)
      return answer
    }
    return { calls, batcher, submitted, started: () => calls.all.map(({ items }) => items) }
  }

  afterEach(() => void vi.useRealTimers())

  test('items gather while a batch is in progress, although more could be', async () => {
    const { calls, submitted, started } = patientBatcher()
    const answers = [submitted(1)]
    await vi.advanceTimersByTimeAsync(PATIENCE_MS - 1)
    answers.push(submitted(2), submitted(3))
    await vi.advanceTimersByTimeAsync(0)
    expect(started()).toEqual([[1]])
    calls.all[0]?.finish(['done 1'])
    await vi.advanceTimersByTimeAsync(PATIENCE_MS)
    expect(started()).toEqual([[1], [2, 3]])
    calls.all[1]?.finish(words([2, 3]))
    expect(await Promise.all(answers)).toEqual(words([1, 2, 3]))
  })

  test('another batch begins beside a slow one, and the next when both are slow', async () => {
    const { calls, submitted, started } = patientBatcher()
    const answers = [submitted(1)]
    await vi.advanceTimersByTimeAsync(1)
    answers.push(submitted(2))
    await vi.advanceTimersByTimeAsync(PATIENCE_MS)
    answers.push(submitted(3))
    await vi.advanceTimersByTimeAsync(1)
    expect(started()).toEqual([[1], [2]])
    await vi.advanceTimersByTimeAsync(PATIENCE_MS)
    expect(started()).toEqual([[1], [2], [3]])
    answers.push(submitted(4))
    await vi.advanceTimersByTimeAsync(2 * PATIENCE_MS)
    expect(started()).toHaveLength(3)
    calls.all.forEach(({ items, finish }) => finish(words(items)))
    await vi.advanceTimersByTimeAsync(0)
    calls.all[3]?.finish(words([4]))
    expect(await Promise.all(answers)).toEqual(words([1, 2, 3, 4]))
  })

  test('beside a slow batch, items wait for no one else', async () => {
    const { calls, batcher, submitted, started } = patientBatcher()
    const slow = submitted(1)
    await vi.advanceTimersByTimeAsync(PATIENCE_MS)
    for (const item of [2, 3]) {
      const answer = submitted(item)
      await vi.advanceTimersByTimeAsync(0)
      calls.all.at(-1)?.finish(words([item]))
      expect(await answer).toBe(`done ${item}`)
    }
    expect(started()).toEqual([[1], [2], [3]])
    calls.all[0]?.finish(words([1]))
    await slow
    await batcher.drained()
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a batch that fails', () => {
  test('rejects for each of its items and no others', async () => {
    const { submitAll, calls } = heldBatcher()
    const failing = submitAll([1]).catch((error: unknown) => error)
    const call = await calls.next()
    const following = submitAll([2])
    call.fail(new Error('lost'))
    expect(await failing).toEqual(new Error('lost'))
    ;(await calls.next()).finish(['done 2'])
    expect(await following).toEqual(['done 2'])
  })

  test('may fail by throwing', async () => {
    const run = (): never => {
      throw new Error('thrown')
    }
    const batcher = createBatcher({ run, maxBatch: 1, maxWaiting: 1 })
    await expect(batcher.submit(1)).rejects.toThrow('thrown')
  })

  test('includes one with too few results', async () => {
    const { batcher, calls } = heldBatcher()
    const outcomes = Promise.allSettled([batcher.submit(1), batcher.submit(2)])
    ;(await calls.next()).finish(['done 1'])
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })
})

test('rejects an item if too many wait, and processes the others', async () => {
  const { batcher, submitAll, calls } = heldBatcher({ maxWaiting: 2 })
  const first = submitAll([1])
  const underWay = await calls.next()
  const waiting = submitAll([2, 3])
  await expect(batcher.submit(4)).rejects.toThrow(BatcherFullError)

  underWay.finish(['done 1'])
  const next = await calls.next()
  expect(next.items).toEqual([2, 3])
  next.finish(words([2, 3]))
  await Promise.all([first, waiting])
})

test('is drained when no item waits and no batch is in progress', async () => {
  const { batcher, submitAll, calls } = heldBatcher({ maxBatch: 1 })
  await batcher.drained()
  const work = submitAll([1, 2])
  const order: string[] = []
  const drained = batcher.drained().then(() => order.push('drained'))
  ;(await calls.next()).finish(['done 1'])
  const last = await calls.next()
  await thisTurn()
  order.push('last batch')
  last.finish(['done 2'])
  await Promise.all([work, drained])
  expect(order).toEqual(['last batch', 'drained'])
})

describe('with a rest between batches', () => {
  afterEach(() => void vi.useRealTimers())

  test('the first batch starts at once, and items that arrive during the pause are the next batch', async () => {
    vi.useFakeTimers()
    const batches: (readonly number[])[] = []
    const run = async (items: readonly number[]) => {
      batches.push(items)
      return words(items)
    }
    const batcher = createBatcher({ run, maxBatch: 10, maxWaiting: 10, restMs: 20 })

    await batcher.submit(1)
    const later = [batcher.submit(2)]
    await vi.advanceTimersByTimeAsync(19)
    later.push(batcher.submit(3))
    expect(batches).toEqual([[1]])
    await vi.advanceTimersByTimeAsync(1)
    expect(await Promise.all(later)).toEqual(['done 2', 'done 3'])
    expect(batches).toEqual([[1], [2, 3]])
  })

  test('drained does not wait for the pauses', async () => {
    vi.useFakeTimers()
    const batcher = createBatcher({
      run: async (items: readonly number[]) => words(items),
      maxBatch: 10,
      maxWaiting: 10,
      restMs: () => 4_000,
    })
    await batcher.submit(1)
    const late = batcher.submit(2)
    await batcher.drained()
    expect(await late).toBe('done 2')
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BoundedQueue, NewestByKeyQueue, type QueueCost } from '../../../src/lib/bounded-queue.ts'

type Keep = QueueCost['keep']
/** An item that carries its own cost. */
type Item = QueueCost & Readonly<{ value: number }>
type Push = Readonly<{ bytes: number; keep: Keep }>
/** One step of a plan: push an item, or take one. */
type Step = Push | 'shift'

const BOUNDS = { maxItems: 5, maxBytes: 20 }

const push = fc.record<Push>({
  bytes: fc.integer({ min: 1, max: 8 }),
  keep: fc.constantFrom<Keep>('durable', 'durable', 'droppable', { newest: 'alice' }, { newest: 'bob' }),
})
const plans = fc.array(
  fc.oneof({ arbitrary: push, weight: 5 }, { arbitrary: fc.constant('shift' as const), weight: 1 }),
  { maxLength: 40 },
)

/** Runs the steps in order, then takes all that is left. An item's value is the index of its step. */
function run(steps: readonly Step[], inspect: (queue: BoundedQueue<Item>) => void = () => undefined) {
  const queue = new BoundedQueue<Item>(BOUNDS, (it) => it)
  const taken: number[] = []
  const refused: number[] = []
  const take = (): void => void taken.push(...[queue.shift()?.value].filter((value) => value !== undefined))
  steps.forEach((step, value) => {
    if (step === 'shift') take()
    else if (!queue.push({ ...step, value })) refused.push(value)
    inspect(queue)
  })
  while (queue.length > 0) take()
  return { taken, refused, bytesLeft: queue.bytes }
}

function numbersOf(steps: readonly Step[], matches: (keep: Keep) => boolean): number[] {
  return steps.flatMap((step, value) => (step !== 'shift' && matches(step.keep) ? [value] : []))
}

function item(value: number, keep: Keep, bytes = 1): Item {
  return { value, keep, bytes }
}

function drain(queue: BoundedQueue<Item>): number[] {
  return Array.from({ length: queue.length }, () => queue.shift()?.value ?? NaN)
}

describe('for every sequence of pushes and takes', () => {
  test('the queue stays within its bounds', () => {
    fc.assert(
      fc.property(plans, (steps) => {
        const { bytesLeft } = run(steps, (queue) => {
          expect(queue.length).toBeLessThanOrEqual(BOUNDS.maxItems)
          expect(queue.bytes).toBeLessThanOrEqual(BOUNDS.maxBytes)
        })
        expect(bytesLeft).toBe(0)
      }),
    )
  })

  test('items come out in the order they went in, each once', () => {
    fc.assert(
      fc.property(plans, (steps) => {
        const { taken } = run(steps)
        expect(taken).toEqual([...new Set(taken)].toSorted((a, b) => a - b))
      }),
    )
  })

  test('every accepted durable item comes out', () => {
    fc.assert(
      fc.property(plans, (steps) => {
        const { taken, refused } = run(steps)
        const durable = numbersOf(steps, (keep) => keep === 'durable')
        expect(taken).toEqual(expect.arrayContaining(durable.filter((value) => !refused.includes(value))))
      }),
    )
  })

  test('the newest accepted item of each key comes out', () => {
    fc.assert(
      fc.property(plans, fc.constantFrom('alice', 'bob'), (steps, key) => {
        const { taken, refused } = run(steps)
        const ofKey = numbersOf(steps, (keep) => typeof keep === 'object' && keep.newest === key)
        const newest = ofKey.findLast((value) => !refused.includes(value))
        if (newest !== undefined) expect(taken).toContain(newest)
      }),
    )
  })

  test('a refused item leaves the queue unchanged', () => {
    fc.assert(
      fc.property(plans, (steps) => {
        const { taken, refused } = run(steps)
        const others = steps.map((step, value) => (refused.includes(value) ? undefined : step))
        const numbers = others.flatMap((step, value) => (step === undefined ? [] : [value]))
        const without = run(others.filter((step) => step !== undefined))
        expect(without.taken.map((value) => numbers[value])).toEqual(taken)
      }),
    )
  })
})

test('drops nothing while there is room', () => {
  const queue = new BoundedQueue<Item>({ maxItems: 4, maxBytes: 4 }, (it) => it)
  queue.push(item(1, 'droppable'))
  queue.push(item(2, { newest: 'alice' }))
  queue.push(item(3, { newest: 'alice' }))
  queue.push(item(4, 'durable'))
  expect(drain(queue)).toEqual([1, 2, 3, 4])
})

test('drops droppable and replaced items to make room for a durable item', () => {
  const queue = new BoundedQueue<Item>({ maxItems: 4, maxBytes: 100 }, (it) => it)
  queue.push(item(1, 'droppable'))
  queue.push(item(2, { newest: 'alice' }))
  queue.push(item(3, { newest: 'bob' }))
  queue.push(item(4, { newest: 'alice' }))
  expect(queue.push(item(5, 'durable'))).toBe(true)
  expect(drain(queue)).toEqual([3, 4, 5])
})

test('replaces the older item of a key, and puts the newer one at the end', () => {
  const queue = new BoundedQueue<Item>({ maxItems: 2, maxBytes: 100 }, (it) => it)
  queue.push(item(1, { newest: 'alice' }))
  queue.push(item(2, 'durable'))
  expect(queue.push(item(3, { newest: 'alice' }))).toBe(true)
  expect(drain(queue)).toEqual([2, 3])
})

test('refuses a durable item if full of durable items, and silently drops a droppable one', () => {
  const queue = new BoundedQueue<Item>({ maxItems: 2, maxBytes: 100 }, (it) => it)
  queue.push(item(1, 'durable'))
  queue.push(item(2, 'durable'))
  expect(queue.push(item(3, 'durable'))).toBe(false)
  expect(queue.push(item(4, { newest: 'alice' }))).toBe(false)
  expect(queue.push(item(5, 'droppable'))).toBe(true)
  expect(drain(queue)).toEqual([1, 2])
})

test('keeps the older item of a key if the newer one does not fit', () => {
  const queue = new BoundedQueue<Item>({ maxItems: 10, maxBytes: 5 }, (it) => it)
  queue.push(item(1, { newest: 'alice' }, 3))
  expect(queue.push(item(2, { newest: 'alice' }, 6))).toBe(false)
  expect(drain(queue)).toEqual([1])
})

test('is empty after clear and has its full capacity again', () => {
  const queue = new BoundedQueue<Item>({ maxItems: 2, maxBytes: 2 }, (it) => it)
  queue.push(item(1, 'durable'))
  queue.push(item(2, 'durable'))
  queue.clear()
  expect([queue.length, queue.bytes, queue.shift()]).toEqual([0, 0, undefined])
  expect([queue.push(item(3, 'durable')), queue.push(item(4, 'durable'))]).toEqual([true, true])
  expect(drain(queue)).toEqual([3, 4])
})

describe('a queue of the newest by key', () => {
  const openQueue = (): NewestByKeyQueue<string> => new NewestByKeyQueue((text) => text[0])

  test('keeps one item for each key and puts a replacement at the end', () => {
    const queue = openQueue()
    for (const text of ['a1', 'b1', 'a2', 'c1', 'b2']) expect(queue.push(text)).toBe(true)
    expect(queue.length).toBe(3)
    expect([queue.shift(), queue.shift(), queue.shift(), queue.shift()]).toEqual([
      'a2',
      'c1',
      'b2',
      undefined,
    ])
  })

  test('is empty after clear', () => {
    const queue = openQueue()
    queue.push('a1')
    queue.clear()
    expect([queue.length, queue.shift()]).toEqual([0, undefined])
  })
})

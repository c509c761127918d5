import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BoundedQueue, type QueueItem } from '../../../src/lib/bounded-queue.ts'

type Keep = QueueItem<number>['keep']
type Push = Readonly<{ bytes: number; keep: Keep }>
/** What was done to a queue: something pushed, or something taken. */
type Operation = Push | 'shift'

const BOUNDS = { maxItems: 5, maxBytes: 20 }

const push = fc.record<Push>({
  bytes: fc.integer({ min: 1, max: 8 }),
  keep: fc.constantFrom<Keep>('durable', 'durable', 'droppable', { newest: 'alice' }, { newest: 'bob' }),
})
const operations = fc.array(
  fc.oneof({ arbitrary: push, weight: 5 }, { arbitrary: fc.constant('shift' as const), weight: 1 }),
  { maxLength: 40 },
)

/** Does them one after the other, then takes all that is left. Each item's value is the number of its operation. */
function run(todo: readonly Operation[], inspect: (queue: BoundedQueue<number>) => void = () => undefined) {
  const queue = new BoundedQueue<number>(BOUNDS)
  const taken: number[] = []
  const refused: number[] = []
  const take = (): void => void taken.push(...[queue.shift()].filter((value) => value !== undefined))
  todo.forEach((operation, value) => {
    if (operation === 'shift') take()
    else if (!queue.push({ ...operation, value })) refused.push(value)
    inspect(queue)
  })
  while (queue.length > 0) take()
  return { taken, refused, bytesLeft: queue.bytes }
}

function numbersOf(todo: readonly Operation[], isMeant: (keep: Keep) => boolean): number[] {
  return todo.flatMap((operation, value) => (operation !== 'shift' && isMeant(operation.keep) ? [value] : []))
}

function item(value: number, keep: Keep, bytes = 1): QueueItem<number> {
  return { value, keep, bytes }
}

function drain(queue: BoundedQueue<number>): number[] {
  return Array.from({ length: queue.length }, () => queue.shift() ?? NaN)
}

describe('whatever is pushed and taken', () => {
  test('the queue never holds more than its bounds allow', () => {
    fc.assert(
      fc.property(operations, (todo) => {
        const { bytesLeft } = run(todo, (queue) => {
          expect(queue.length).toBeLessThanOrEqual(BOUNDS.maxItems)
          expect(queue.bytes).toBeLessThanOrEqual(BOUNDS.maxBytes)
        })
        expect(bytesLeft).toBe(0)
      }),
    )
  })

  test('what comes out comes in the order in which it went in, each item once', () => {
    fc.assert(
      fc.property(operations, (todo) => {
        const { taken } = run(todo)
        expect(taken).toEqual([...new Set(taken)].toSorted((a, b) => a - b))
      }),
    )
  })

  test('every durable item that was not refused comes out', () => {
    fc.assert(
      fc.property(operations, (todo) => {
        const { taken, refused } = run(todo)
        const durable = numbersOf(todo, (keep) => keep === 'durable')
        expect(taken).toEqual(expect.arrayContaining(durable.filter((value) => !refused.includes(value))))
      }),
    )
  })

  test('of each key the newest item that was not refused comes out', () => {
    fc.assert(
      fc.property(operations, fc.constantFrom('alice', 'bob'), (todo, key) => {
        const { taken, refused } = run(todo)
        const ofKey = numbersOf(todo, (keep) => typeof keep === 'object' && keep.newest === key)
        const newest = ofKey.findLast((value) => !refused.includes(value))
        if (newest !== undefined) expect(taken).toContain(newest)
      }),
    )
  })

  test('a refused item leaves the queue as it was', () => {
    fc.assert(
      fc.property(operations, (todo) => {
        const { taken, refused } = run(todo)
        const others = todo.map((operation, value) => (refused.includes(value) ? undefined : operation))
        const numbers = others.flatMap((operation, value) => (operation === undefined ? [] : [value]))
        const without = run(others.filter((operation) => operation !== undefined))
        expect(without.taken.map((value) => numbers[value])).toEqual(taken)
      }),
    )
  })
})

test('nothing is let go while there is room', () => {
  const queue = new BoundedQueue<number>({ maxItems: 4, maxBytes: 4 })
  queue.push(item(1, 'droppable'))
  queue.push(item(2, { newest: 'alice' }))
  queue.push(item(3, { newest: 'alice' }))
  queue.push(item(4, 'durable'))
  expect(drain(queue)).toEqual([1, 2, 3, 4])
})

test('a durable item takes the room of those that may be dropped or are superseded', () => {
  const queue = new BoundedQueue<number>({ maxItems: 4, maxBytes: 100 })
  queue.push(item(1, 'droppable'))
  queue.push(item(2, { newest: 'alice' }))
  queue.push(item(3, { newest: 'bob' }))
  queue.push(item(4, { newest: 'alice' }))
  expect(queue.push(item(5, 'durable'))).toBe(true)
  expect(drain(queue)).toEqual([3, 4, 5])
})

test('the newest of a key takes the room of the one before it, and comes after what was pushed in between', () => {
  const queue = new BoundedQueue<number>({ maxItems: 2, maxBytes: 100 })
  queue.push(item(1, { newest: 'alice' }))
  queue.push(item(2, 'durable'))
  expect(queue.push(item(3, { newest: 'alice' }))).toBe(true)
  expect(drain(queue)).toEqual([2, 3])
})

test('a queue full of durable items refuses another one, and counts a droppable one as in', () => {
  const queue = new BoundedQueue<number>({ maxItems: 2, maxBytes: 100 })
  queue.push(item(1, 'durable'))
  queue.push(item(2, 'durable'))
  expect(queue.push(item(3, 'durable'))).toBe(false)
  expect(queue.push(item(4, { newest: 'alice' }))).toBe(false)
  expect(queue.push(item(5, 'droppable'))).toBe(true)
  expect(drain(queue)).toEqual([1, 2])
})

test('the newest of a key that does not fit leaves the one before it where it is', () => {
  const queue = new BoundedQueue<number>({ maxItems: 10, maxBytes: 5 })
  queue.push(item(1, { newest: 'alice' }, 3))
  expect(queue.push(item(2, { newest: 'alice' }, 6))).toBe(false)
  expect(drain(queue)).toEqual([1])
})

test('a queue that was cleared is empty, and takes as much as a new one', () => {
  const queue = new BoundedQueue<number>({ maxItems: 2, maxBytes: 2 })
  queue.push(item(1, 'durable'))
  queue.push(item(2, 'durable'))
  queue.clear()
  expect([queue.length, queue.bytes, queue.shift()]).toEqual([0, 0, undefined])
  expect([queue.push(item(3, 'durable')), queue.push(item(4, 'durable'))]).toEqual([true, true])
  expect(drain(queue)).toEqual([3, 4])
})

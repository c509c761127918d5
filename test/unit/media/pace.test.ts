import { once } from 'node:events'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { createPace, type Pace, pacedStream } from '../../../src/media/pace.ts'

// Files pass a gateway at a limited rate, and at a lower one while its event loop is busy.

const KB = 1_000

test('all files together pass at the rate, and take turns', async () => {
  const clock = virtualClock()
  const { pace, passed } = startPace(clock, 1_000 * KB)
  const order: string[] = []
  await Promise.all(
    ['first', 'second'].map(async (name) => {
      for await (const _ of pace(chunks(10, 50 * KB))) order.push(name)
    }),
  )
  // A second for the bytes, less a short time that may be made up for, and the place of the last chunk.
  expect(clock.now()).toBeCloseTo(1_000 - 10 - 50)
  expect(passed()).toBe(1_000 * KB)
  expect(order).toEqual(Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? 'first' : 'second')))
})

test('nothing is read from a file while it waits for its turn', async () => {
  const clock = virtualClock()
  const { pace } = startPace(clock, 100 * KB)
  let read = 0
  const source = (async function* () {
    for (;;) {
      read += 1
      yield Buffer.alloc(50 * KB)
    }
  })()
  const file = pace(source)[Symbol.asyncIterator]()
  for (let count = 1; count <= 5; count += 1) {
    await file.next()
    expect(read).toBe(count)
  }
})

test('an idle time is not made up for', async () => {
  const clock = virtualClock()
  const { pace } = startPace(clock, 1_000 * KB)
  await clock.wait(60_000)
  await drain(pace(chunks(10, 100 * KB)))
  expect(clock.now() - 60_000).toBeCloseTo(1_000 - 10 - 100)
})

test('the rate falls to a tenth while the event loop is late, and rises again', async () => {
  const clock = virtualClock()
  const { pace } = startPace(clock, 1_000 * KB)
  const secondsFor = async (count: number): Promise<number> => {
    const from = clock.now()
    await drain(pace(chunks(count, 10 * KB)))
    return (clock.now() - from) / 1_000
  }
  clock.lateMs = 20
  await secondsFor(200)
  expect(await secondsFor(100)).toBeGreaterThan(9)
  clock.lateMs = 0
  await secondsFor(200)
  expect(await secondsFor(100)).toBeCloseTo(1)
})

test('without a limit nothing waits', async () => {
  const clock = virtualClock()
  const { pace, passed } = startPace(clock, Infinity)
  await drain(pace(chunks(100, 50 * KB)))
  expect(clock.now()).toBe(0)
  expect(passed()).toBe(5_000 * KB)
})

test('a paced stream ends its source if it is destroyed, and fails with it', async () => {
  const { pace } = startPace(virtualClock(), 1_000 * KB)
  for (const reads of [0, 1]) {
    const left = Readable.from(chunks(100, KB))
    const isClosed = new Promise<void>((resolve) => left.once('close', resolve))
    const stream = pacedStream(left, pace)
    if (reads > 0) await once(stream, 'readable')
    stream.destroy()
    await isClosed
  }
  const failing = Readable.from(
    (async function* () {
      yield Buffer.alloc(1)
      throw new Error('The disk is gone')
    })(),
  )
  await expect(drain(pacedStream(failing, pace))).rejects.toThrow('The disk is gone')
})

/** Time that passes only while something waits. `lateMs`: how late its timers are. */
function virtualClock() {
  const waiting: { at: number; resolve: () => void }[] = []
  let time = 0
  const clock = {
    lateMs: 0,
    now: () => time,
    async wait(ms: number): Promise<void> {
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting.push({ at: time + ms + clock.lateMs, resolve })
      setImmediate(advance)
      await promise
    },
  }
  function advance(): void {
    const [next] = waiting.sort((a, b) => a.at - b.at)
    if (next === undefined) return
    waiting.shift()
    time = Math.max(time, next.at)
    next.resolve()
  }
  return clock
}

function startPace(clock: ReturnType<typeof virtualClock>, bytesPerSecond: number) {
  let passed = 0
  const onPassed = (byteCount: number): void => void (passed += byteCount)
  const pace: Pace = createPace({ bytesPerSecond, onPassed, now: clock.now, wait: (ms) => clock.wait(ms) })
  return { pace, passed: () => passed }
}

async function* chunks(count: number, byteCount: number): AsyncIterable<Buffer> {
  for (let index = 0; index < count; index += 1) yield Buffer.alloc(byteCount)
}

async function drain(bytes: AsyncIterable<Buffer>): Promise<void> {
  for await (const _ of bytes);
}

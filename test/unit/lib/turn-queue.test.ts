import { setImmediate as turnOfLoop } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createTurnQueue } from '../../../src/lib/turn-queue.ts'

test('lets one caller begin in each turn of the event loop, in order of arrival', async () => {
  const queue = createTurnQueue(() => 0)
  const begun: string[] = []
  for (const name of ['first', 'second', 'third']) void queue.turn().then(() => begun.push(name))
  const seen: number[] = []
  for (let turns = 0; turns < 3; turns++) {
    await turnOfLoop()
    seen.push(begun.length)
  }
  expect(seen).toEqual([1, 2, 3])
  expect(begun).toEqual(['first', 'second', 'third'])
})

test('works again after it was empty', async () => {
  const queue = createTurnQueue()
  await queue.turn()
  await queue.turn()
  await Promise.all([queue.turn(), queue.turn()])
})

test('rests after a turn for as long as it took, so that others have half of the time', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  let now = 0
  const queue = createTurnQueue(() => now)
  const begun: string[] = []
  void queue.turn().then(() => {
    begun.push('costly')
    now += 12
  })
  void queue.turn().then(() => begun.push('next'))
  const turnsOfLoop = async (): Promise<void> => {
    for (let turns = 0; turns < 5; turns++) await turnOfLoop()
  }
  await turnsOfLoop()
  vi.advanceTimersByTime(11)
  await turnsOfLoop()
  expect(begun).toEqual(['costly'])
  vi.advanceTimersByTime(1)
  await turnsOfLoop()
  expect(begun).toEqual(['costly', 'next'])
})

test('lets the names take turns, so that one with many callers does not delay the others', async () => {
  const queue = createTurnQueue(() => 0)
  const begun: string[] = []
  for (const name of ['mallory', 'mallory', 'mallory', 'alice', 'bob'])
    void queue.turn(name).then(() => begun.push(name))
  for (let turns = 0; turns < 5; turns++) await turnOfLoop()
  expect(begun).toEqual(['mallory', 'alice', 'bob', 'mallory', 'mallory'])
})

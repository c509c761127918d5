import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createIntake, type Visitor } from '../../../src/transport/intake.ts'

/** Somebody with so many messages; notes each that is read. */
function visitor(name: string, messages: number, notes: string[]): Visitor {
  let left = messages
  return {
    waitingSince: () => 0,
    readOne: () => {
      notes.push(name)
      left -= 1
      return left > 0
    },
  }
}

test('while there is room, a message is read at once', () => {
  const notes: string[] = []
  const intake = createIntake(4)
  intake.enter(visitor('alice', 1, notes))
  expect(notes).toEqual(['alice'])
})

test('a flood is read a bounded number of messages in each turn, and to its end', async () => {
  const notes: string[] = []
  const intake = createIntake(10)
  intake.enter(visitor('flood', 35, notes))
  const counts = [notes.length]
  for (let turn = 0; turn < 5; turn += 1) {
    await nextTurn()
    counts.push(notes.length)
  }
  expect(Math.max(...counts.map((count, index) => count - (counts[index - 1] ?? 0)))).toBe(10)
  expect(notes).toHaveLength(35)
})

test('whoever sends one message waits for one round, however much others send', async () => {
  const notes: string[] = []
  const intake = createIntake(2)
  for (const name of ['heavy', 'heavier', 'heaviest']) intake.enter(visitor(name, 50, notes))
  intake.enter(visitor('alice', 1, notes))
  await nextTurn()
  await nextTurn()
  expect(notes.indexOf('alice')).toBeLessThanOrEqual(5)
  expect(new Set(notes.slice(0, 4)).size).toBeGreaterThan(1)
})

test('it tells the longest that a message had to wait, since it was last asked', async () => {
  let now = 100
  const intake = createIntake(1, () => now)
  const since = (at: number): Visitor => ({ waitingSince: () => at, readOne: () => false })
  intake.enter(since(100))
  intake.enter(since(100))
  now = 800
  await nextTurn()
  expect(intake.longestWaitMs()).toBe(700)
  expect(intake.longestWaitMs()).toBe(0)
})

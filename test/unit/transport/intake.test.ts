import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createIntake, type Intake, type MessageSource } from '../../../src/transport/websocket/intake.ts'

/** Somebody with so many messages; notes each that is read. */
function visitor(name: string, messages: number, notes: string[]): MessageSource {
  let left = messages
  return {
    readOne: () => {
      notes.push(name)
      left -= 1
      return left > 0
    },
  }
}

/** Somebody whose messages are all refused, a moment after each was read. */
function refusedVisitor(name: string, messages: number, notes: string[], intake: Intake): MessageSource {
  const plain = visitor(name, messages, notes)
  const refused: MessageSource = {
    readOne: () => {
      queueMicrotask(() => intake.recordRejection(refused))
      return plain.readOne()
    },
  }
  return refused
}

test('while there is room, a message is read at once', () => {
  const notes: string[] = []
  const intake = createIntake(4)
  intake.add(visitor('alice', 1, notes))
  expect(notes).toEqual(['alice'])
})

test('a flood is read a bounded number of messages in each turn, and to its end', async () => {
  const notes: string[] = []
  const intake = createIntake(10)
  intake.add(visitor('flood', 35, notes))
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
  for (const name of ['heavy', 'heavier', 'heaviest']) intake.add(visitor(name, 50, notes))
  intake.add(visitor('alice', 1, notes))
  await nextTurn()
  await nextTurn()
  expect(notes.indexOf('alice')).toBeLessThanOrEqual(5)
  expect(new Set(notes.slice(0, 4)).size).toBeGreaterThan(1)
})

test('who is refused goes on within their turn, until refusals have cost as much as a message', async () => {
  const notes: string[] = []
  const intake = createIntake(2)
  const flood = refusedVisitor('flood', 100, notes, intake)
  intake.add(flood)
  intake.add(visitor('alice', 1, notes))
  await nextTurn()
  await nextTurn()
  expect(notes.indexOf('alice')).toBeGreaterThanOrEqual(32)
  expect(notes.indexOf('alice')).toBeLessThanOrEqual(34)
})

test('refusals cost a turn little, and are bounded too', async () => {
  const notes: string[] = []
  const intake = createIntake(2)
  for (const name of ['flood', 'deluge', 'torrent']) intake.add(refusedVisitor(name, 1_000, notes, intake))
  await new Promise<void>((resolve) => process.nextTick(resolve))
  const ofFirstTurn = notes.length
  expect(ofFirstTurn).toBeGreaterThan(32)
  expect(ofFirstTurn).toBeLessThanOrEqual(64)
  while (notes.length < 3_000) await nextTurn()
})

test('of three who are refused all the time each is read as often as the others', async () => {
  const notes: string[] = []
  const intake = createIntake(2)
  const names = ['flood', 'deluge', 'torrent']
  for (const name of names) intake.add(refusedVisitor(name, 1_000, notes, intake))
  while (notes.length < 1_000) await nextTurn()
  const counts = names.map((name) => notes.filter((note) => note === name).length)
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(64)
})

test('it tells the longest that a message waited of those that were begun since it was last asked', () => {
  const intake = createIntake()
  for (const waitedMs of [20, 700, 3]) intake.recordStart(waitedMs)
  expect(intake.takeLongestWaitMs()).toBe(700)
  expect(intake.takeLongestWaitMs()).toBe(0)
})

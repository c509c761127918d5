import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createIntake, type Intake, type MessageSource } from '../../../src/transport/pipeline/intake.ts'

/** A source with the given number of messages. Records each message that is read. */
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

/** A source whose messages are all rejected, a moment after each was read. */
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

test('reads a message at once while the turn has room', () => {
  const notes: string[] = []
  const intake = createIntake(4)
  intake.add(visitor('alice', 1, notes))
  expect(notes).toEqual(['alice'])
})

test('reads a bounded number of messages of a flood in each turn, and all of them in the end', async () => {
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

test('lets a source with one message wait for one round, however much others send', async () => {
  const notes: string[] = []
  const intake = createIntake(2)
  for (const name of ['heavy', 'heavier', 'heaviest']) intake.add(visitor(name, 50, notes))
  intake.add(visitor('alice', 1, notes))
  await nextTurn()
  await nextTurn()
  expect(notes.indexOf('alice')).toBeLessThanOrEqual(5)
  expect(new Set(notes.slice(0, 4)).size).toBeGreaterThan(1)
})

test('continues with a source until its rejections cost as much as one message', async () => {
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

test('counts a rejection as a small part of a message, and bounds rejections in a turn', async () => {
  const notes: string[] = []
  const intake = createIntake(2)
  for (const name of ['flood', 'deluge', 'torrent']) intake.add(refusedVisitor(name, 1_000, notes, intake))
  await new Promise<void>((resolve) => process.nextTick(resolve))
  const ofFirstTurn = notes.length
  expect(ofFirstTurn).toBeGreaterThan(32)
  expect(ofFirstTurn).toBeLessThanOrEqual(64)
  while (notes.length < 3_000) await nextTurn()
})

test('reads three sources that are always rejected equally often', async () => {
  const notes: string[] = []
  const intake = createIntake(2)
  const names = ['flood', 'deluge', 'torrent']
  for (const name of names) intake.add(refusedVisitor(name, 1_000, notes, intake))
  while (notes.length < 1_000) await nextTurn()
  const counts = names.map((name) => notes.filter((note) => note === name).length)
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(64)
})

test('returns the longest wait of the messages that started since the last call', () => {
  const intake = createIntake()
  for (const waitedMs of [20, 700, 3]) intake.recordStart(waitedMs)
  expect(intake.takeLongestWaitMs()).toBe(700)
  expect(intake.takeLongestWaitMs()).toBe(0)
})

test('ends a turn after eight milliseconds, however few messages were read', async () => {
  const notes: string[] = []
  let now = 0
  const intake = createIntake(32, () => now)
  const costly: MessageSource = {
    readOne: () => {
      now += 3
      notes.push('costly')
      return notes.length < 9
    },
  }
  intake.add(costly)
  expect(notes).toHaveLength(3)
  intake.add(visitor('alice', 1, notes))
  expect(notes).toHaveLength(3)
  await nextTurn()
  expect(notes).toEqual(['costly', 'costly', 'costly', 'costly', 'alice', 'costly', 'costly'])
})

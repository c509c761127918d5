import { expect, test } from 'vitest'
import type { UserId } from '../../../src/ids.ts'
import { createDocumentBudget, createReadingPace } from '../../../src/quotas/document-budget.ts'
import { createRefusalBudget } from '../../../src/quotas/refusal-budget.ts'
import { createReadingBudget } from '../../../src/transport/websocket/reading-budget.ts'

function start() {
  const time = { now: 0 }
  const documents = createDocumentBudget(() => time.now)
  const refusals = createRefusalBudget(() => time.now)
  const pace = createReadingPace(() => time.now)
  return { time, documents, refusals, reading: createReadingBudget({ documents, pace, refusals }) }
}

const anonymous = { userId: undefined, address: '192.0.2.1' }
const alice = { userId: 'alice' as UserId, address: '192.0.2.1' }

test('reads an address for eight milliseconds at once, and for a tenth of the time at most', () => {
  const { time, reading } = start()
  let tookMs = 0
  while (reading.waitMs(anonymous) === 0 && tookMs < 100) {
    reading.charge(anonymous, 0.8)
    tookMs += 1
  }
  expect(tookMs).toBe(8)
  expect(reading.waitMs({ ...anonymous, address: '192.0.2.2' })).toBe(0)
  for (; time.now < 10_000; time.now += 1) {
    if (reading.waitMs(anonymous) > 0) continue
    reading.charge(anonymous, 0.8)
    tookMs += 1
  }
  expect(tookMs).toBeGreaterThan(900)
  expect(tookMs).toBeLessThan(1_010)
})

test('charges the answer to each message to the budget of the address', () => {
  const { time, documents, reading } = start()
  documents.charge('address 192.0.2.1', 499.9)
  expect(reading.waitMs(anonymous)).toBe(0)
  reading.charge(anonymous, 0)
  time.now += 1
  expect(reading.waitMs(anonymous)).toBeGreaterThan(0)
})

test('does not charge users for what they send', () => {
  const { documents, reading } = start()
  for (let count = 0; count < 1_000; count++) reading.charge(alice, 10)
  expect([documents.waitMs('user alice'), reading.waitMs(anonymous)]).toEqual([0, 0])
})

test('lets the connections of an address that is in debt by a fraction sleep for a tenth of a second', () => {
  const { documents, reading } = start()
  documents.charge('address 192.0.2.1', 500.1)
  expect(reading.waitMs(anonymous)).toBe(100)
  expect(reading.waitMs({ ...anonymous, address: '192.0.2.2' })).toBe(0)
})

test('reads a user whose documents are refused, and not one who ignores that', () => {
  const { documents, refusals, reading } = start()
  documents.charge('user alice', 1_000)
  documents.charge('address 192.0.2.1', 1_000)
  expect(reading.waitMs(alice)).toBe(0)
  for (let count = 0; count < 50; count++) refusals.charge('user alice')
  expect(reading.waitMs(alice)).toBeGreaterThan(0)
  expect(reading.waitMs({ ...alice, userId: 'bob' as UserId })).toBe(0)
})

import { expect, test } from 'vitest'
import type { UserId } from '../../../src/ids.ts'
import { createDocumentBudget } from '../../../src/quotas/document-budget.ts'
import { createRefusalBudget } from '../../../src/quotas/refusal-budget.ts'
import { createReadingBudget } from '../../../src/transport/websocket/reading-budget.ts'

function start() {
  const time = { now: 0 }
  const documents = createDocumentBudget(() => time.now)
  const refusals = createRefusalBudget(() => time.now)
  return { time, documents, refusals, reading: createReadingBudget({ documents, refusals }) }
}

const anonymous = { userId: undefined, address: '192.0.2.1' }
const alice = { userId: 'alice' as UserId, address: '192.0.2.1' }

test('reads 2,500 messages of an address at once, and 250 a second then', () => {
  const { time, reading } = start()
  const readAll = (): number => {
    for (let read = 0; ; read++) {
      if (reading.waitMs(anonymous) > 0) return read
      reading.charge(anonymous)
    }
  }
  expect(readAll()).toBeCloseTo(2_500, -1)
  time.now += 10_000
  expect(readAll()).toBeCloseTo(2_500, -1)
  time.now += 1_000
  expect(readAll()).toBeCloseTo(250, -1)
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

import { describe, expect, test } from 'vitest'
import { FEATURES, modeAt, pausedAt, receiptRestMsAt } from '../../../src/overload/features.ts'
import { SERVICE_LEVELS } from '../../../src/overload/levels.ts'

describe.each(SERVICE_LEVELS)('at %s', (level) => {
  test('messages are on', () => {
    expect(modeAt(level, 'messages')).toBe('on')
    expect(pausedAt(level)).not.toContain('messages')
  })

  test('a receipt is written soon enough to be answered within ten seconds', () => {
    expect(receiptRestMsAt(level)).toBeLessThanOrEqual(5_000)
    expect(modeAt(level, 'receipts')).not.toBe('off')
  })
})

test('old log entries wait for better times, and nobody is told that they do', () => {
  expect(SERVICE_LEVELS.map((level) => modeAt(level, 'retention'))).toEqual(['on', 'delayed', 'delayed'])
  expect(SERVICE_LEVELS.flatMap(pausedAt)).not.toContain('retention')
})

test('clients are told what the contract says of each level', () => {
  expect(pausedAt('NORMAL')).toEqual([])
  expect(pausedAt('BUSY')).toEqual(['presence', 'typing'])
  expect(pausedAt('ESSENTIAL')).toEqual(['receipts', 'presence', 'typing'])
})

test('the higher the level, the less there is, and the later receipts are', () => {
  const order = ['on', 'delayed', 'trickle', 'off']
  for (const modes of Object.values(FEATURES)) {
    const ranks = SERVICE_LEVELS.map((level) => order.indexOf(modes[level]))
    expect(ranks).toEqual([...ranks].sort((a, b) => a - b))
  }
  expect(SERVICE_LEVELS.map(receiptRestMsAt)).toEqual([0, 1_000, 4_000])
})

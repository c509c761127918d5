import { describe, expect, test } from 'vitest'
import { FEATURES, modeAt, pausedAt, receiptRestMsAt } from '../../../src/overload/features.ts'
import { SERVICE_LEVELS } from '../../../src/overload/levels.ts'

describe.each(SERVICE_LEVELS)('at %s', (level) => {
  test('messages are on', () => {
    expect(modeAt(level, 'messages')).toBe('on')
    expect(pausedAt(level)).not.toContain('messages')
  })

  test('receipts are written often enough to be answered within ten seconds', () => {
    expect(receiptRestMsAt(level)).toBeLessThanOrEqual(5_000)
    expect(modeAt(level, 'receipts')).not.toBe('off')
  })
})

test('deleting old log events is delayed under load, and is not reported to clients', () => {
  expect(SERVICE_LEVELS.map((level) => modeAt(level, 'retention'))).toEqual(['on', 'delayed', 'delayed'])
  expect(SERVICE_LEVELS.flatMap(pausedAt)).not.toContain('retention')
})

test('the paused features of each level are those of the contract', () => {
  expect(pausedAt('NORMAL')).toEqual([])
  expect(pausedAt('BUSY')).toEqual(['presence', 'typing'])
  expect(pausedAt('ESSENTIAL')).toEqual(['receipts', 'presence', 'typing', 'uploads'])
})

test('a higher level never brings a feature back, and writes receipts later', () => {
  const order = ['on', 'delayed', 'trickle', 'off']
  for (const modes of Object.values(FEATURES)) {
    const ranks = SERVICE_LEVELS.map((level) => order.indexOf(modes[level]))
    expect(ranks).toEqual([...ranks].sort((a, b) => a - b))
  }
  expect(SERVICE_LEVELS.map(receiptRestMsAt)).toEqual([0, 1_000, 4_000])
})

import { describe, expect, test } from 'vitest'
import { MessageLedger } from '../../../bench/load/message-ledger.ts'
import { offer } from '../../../bench/load/offer.ts'
import { StreamOrder } from '../../../bench/load/stream-order.ts'
import { judge } from '../../../bench/soak/flatness.ts'
import type { Minute } from '../../../bench/soak/minute.ts'
import { drawSoak, hasPassed, reportOf, type Soak } from '../../../bench/soak/report.ts'

const TOLERANCE = { share: 0.1, least: 1 }

describe('flatness', () => {
  test('is that of the last two thirds: growth while warming up does not count', () => {
    const values = [10, 40, 80, 100, 101, 100, 99, 100, 101, 100]
    expect(judge(values, TOLERANCE)).toMatchObject({ median: 100, allowed: 10, isFlat: true })
  })

  test('ends with a steady growth beyond the tolerance', () => {
    const values = Array.from({ length: 30 }, (_, index) => 100 + index)
    expect(judge(values, TOLERANCE)).toMatchObject({ growth: 19, isFlat: false })
  })

  test('permits a growth within the tolerance, of the share or of the least amount', () => {
    const values = Array.from({ length: 30 }, (_, index) => 100 + index / 4)
    expect(judge(values, TOLERANCE).isFlat).toBe(true)
    const few = Array.from({ length: 30 }, (_, index) => 1 + index / 20)
    expect(judge(few, TOLERANCE)).toMatchObject({ allowed: 1, isFlat: true })
  })

  test('does not end with outliers, or with values that scatter', () => {
    const outliers = Array.from({ length: 30 }, (_, index) => (index > 26 ? 5_000 : 100 + (index % 3)))
    expect(judge(outliers, TOLERANCE).isFlat).toBe(true)
    expect(judge([9, 9, 9, 50, 250, 90, 30, 290, 110, 260, 80, 280], TOLERANCE).isFlat).toBe(true)
  })

  test('does not end with a fall', () => {
    expect(judge([100, 90, 80, 70, 60, 50, 40, 30, 20], TOLERANCE).isFlat).toBe(true)
  })
})

describe('the order of a device', () => {
  test('tells a message that must come again from one that must not', () => {
    const order = new StreamOrder()
    order.startStream()
    expect([1, 2, 3].map((seq) => order.take(seq))).toEqual(['new', 'new', 'new'])
    order.acknowledge(2)
    order.startStream()
    expect([2, 3, 4].map((seq) => order.take(seq))).toEqual(['repeated', 'redelivered', 'new'])
  })

  test('lets no stream go back', () => {
    const order = new StreamOrder()
    order.startStream()
    expect([5, 5, 4, 6].map((seq) => order.take(seq))).toEqual(['new', 'backwards', 'backwards', 'new'])
  })
})

describe('the ledger of messages', () => {
  test('keeps a message until it was answered and has arrived, in either order', () => {
    const ledger = new MessageLedger()
    for (const number of [1, 2]) ledger.sent(number, performance.now())
    ledger.answered(1)
    expect([ledger.open, ledger.missing]).toEqual([2, 1])
    expect(ledger.arrived(1)).toBeGreaterThanOrEqual(0)
    ledger.arrived(2)
    expect([ledger.open, ledger.missing]).toEqual([1, 0])
    ledger.answered(2)
    expect(ledger.open).toBe(0)
  })

  test('measures a first arrival alone, and expects nothing of a refused message', () => {
    const ledger = new MessageLedger()
    ledger.sent(1, performance.now())
    ledger.arrived(1)
    expect(ledger.arrived(1)).toBeUndefined()
    ledger.sent(2, performance.now())
    ledger.refused(2)
    ledger.answered(1)
    expect([ledger.open, ledger.missing]).toEqual([0, 0])
  })
})

test('an open loop that is stopped offers no more', async () => {
  const stopped = new AbortController()
  let sent = 0
  const count = await offer(
    { seconds: 3_600, perSecond: 1_000 },
    () => {
      sent += 1
      if (sent === 20) stopped.abort()
    },
    stopped.signal,
  )
  expect(count).toBe(sent)
  expect(count).toBeLessThan(3_600_000)
})

describe('the verdict of a soak', () => {
  test('is passed if nothing grows and nothing was lost', () => {
    expect(hasPassed(soakOf({}))).toBe(true)
    expect(reportOf(soakOf({}))).toContain('| Redis keys | 100 | 0 | 10 | flat |')
    expect(drawSoak(soakOf({}))).toContain('<svg')
  })

  test.each(['lost', 'repeated', 'backwards'])('is failed if a message was %s', (what) => {
    expect(hasPassed(soakOf({ [what]: 1 }))).toBe(false)
  })

  test('is failed if a figure grows, and names it', () => {
    const soak = soakOf({}, (minute) => ({ redisKeys: 100 + 10 * minute }))
    expect(hasPassed(soak)).toBe(false)
    expect(reportOf(soak)).toContain('| Redis keys | 235 | 130 | 10 | **grows** |')
  })

  test('is left out of a run that is too short', () => {
    const { minutes, ...soak } = soakOf({})
    expect(reportOf({ ...soak, minutes: minutes.slice(0, 3) })).toContain('Too short to judge')
  })
})

const ZERO = {
  refused: 0,
  redelivered: 0,
  repeated: 0,
  backwards: 0,
  reconnects: 0,
  closed: 0,
  open: 0,
  lost: 0,
}

function soakOf(ending: Partial<Soak['ending']>, of: (minute: number) => Partial<Minute> = () => ({})): Soak {
  const minutes = Array.from({ length: 20 }, (_, index) => ({
    ...ZERO,
    minute: index + 1,
    offered: 60_000,
    p50: 5,
    p99: 20,
    max: 40,
    heapMb: 100,
    residentMb: 300,
    connections: 400,
    descriptors: 500,
    redisMb: 2,
    redisKeys: 100,
    postgresClients: 40,
    databaseMb: 100,
    gatewayUs: 500,
    others: 0.1,
    ...of(index + 1),
  }))
  return {
    at: '2026-01-01T00:00:00.000Z',
    gateways: 2,
    pairs: 200,
    perSecond: 1_000,
    intervalSeconds: 60,
    minutes,
    ending: { ...ZERO, ...ending },
  }
}

import { describe, expect, test } from 'vitest'
import type { Pending, Registration } from '../../../src/delivery/device-store.ts'
import { createReplay } from '../../../src/delivery/replay.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { alice, bob, chatId, range, receipt, sent } from '../../harness/people/events.ts'

const NOW = new Date('2026-11-23T09:00:00Z')

/** What bob's device is given, who is owed the log of a chat from just after `ackedSeq` up to 9. */
async function replayed(type: Registration['type'], owed: Partial<Pending> = {}) {
  const replay = createReplay({
    chatLog: {
      read: async ({ afterSeq, untilSeq }) => range(afterSeq + 1, untilSeq).map((seq) => sent('tea', seq)),
    },
    receipts: { since: async () => [receipt('tea', alice, 3)] },
    metrics: createMetrics(),
    inTurn: (_signal, read) => read(),
  })
  const all: Pending = {
    chatId: chatId('tea'),
    ackedSeq: 6,
    joinedSeq: 1,
    earlierStays: [],
    lastSeq: 9,
    isMember: true,
    floorSeq: 0,
    ...owed,
  }
  const debt = { viewerId: bob, registration: { type, receiptsUntil: NOW }, owed: [all] }
  const items = await Array.fromAsync(replay(new AbortController().signal, debt))
  return items.map((item) => ('seq' in item ? item.seq : item.type))
}

describe('a replay', () => {
  test('gives a device that is known receipts first, then what it has not acknowledged', async () => {
    expect(await replayed('known')).toEqual(['ReceiptAdvanced', 7, 8, 9])
  })

  test('gives a new device what was said since it registered, and no receipts', async () => {
    expect(await replayed('new')).toEqual([7, 8, 9])
  })

  test('tells a device that was forgotten to begin anew, and gives it what was said since', async () => {
    expect(await replayed('forgotten')).toEqual(['InboxReset', 7, 8, 9])
  })

  test('leaves out what was said while the person was away, in the middle and at the end', async () => {
    const earlierStays = [
      { first: 1, last: 2 },
      { first: 4, last: 5 },
    ]
    expect(await replayed('known', { ackedSeq: 1, earlierStays, joinedSeq: 8 })).toEqual([
      'ReceiptAdvanced',
      2,
      4,
      5,
      8,
      9,
    ])
  })

  test('resets a device that is owed what has left the log, before it is given anything', async () => {
    expect(await replayed('known', { floorSeq: 6 })).toEqual(['ReceiptAdvanced', 7, 8, 9])
    expect(await replayed('known', { floorSeq: 7 })).toEqual(['ReceiptAdvanced', 'InboxReset'])
  })

  test('does not reset a device for what left the log while the person was away', async () => {
    const earlierStays = [{ first: 1, last: 2 }]
    expect(await replayed('known', { ackedSeq: 2, earlierStays, joinedSeq: 7, floorSeq: 6 })).toEqual([
      'ReceiptAdvanced',
      7,
      8,
      9,
    ])
  })

  test('resets a device that is owed more than is replayed', async () => {
    expect(await replayed('known', { ackedSeq: 0, lastSeq: 10_001 })).toEqual([
      'ReceiptAdvanced',
      'InboxReset',
    ])
  })
})

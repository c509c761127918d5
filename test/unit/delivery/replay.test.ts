import { describe, expect, test, vi } from 'vitest'
import type { Pending, Registration } from '../../../src/delivery/device-store.ts'
import { createDeviceReplay } from '../../../src/delivery/replay.ts'
import type { ReceiptPage } from '../../../src/receipts/receipts.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { alice, bob, chatId, range, receipt, sent } from '../../harness/fixtures/chat-events.ts'

const NOW = new Date('2026-11-23T09:00:00Z')

/** Replays to a device of bob's what is pending in a chat: the log after `ackedSeq`, up to 9. */
async function replayed(
  type: Registration['type'],
  changes: Partial<Pending> = {},
  pages: readonly ReceiptPage[] = [
    { receipts: [{ ...receipt('tea', alice, 3), isRecent: false }], next: undefined },
  ],
) {
  const rest = [...pages]
  const replay = createDeviceReplay({
    chatLog: {
      read: async ({ afterSeq, untilSeq }) => range(afterSeq + 1, untilSeq).map((seq) => sent('tea', seq)),
    },
    receipts: { since: async () => rest.shift() ?? { receipts: [], next: undefined } },
    metrics: createMetrics(),
    throttled: (_signal, read) => read(),
    throttledShared: (_signal, read) => read(),
  })
  const pending: Pending = {
    chatId: chatId('tea'),
    ackedSeq: 6,
    joinedSeq: 1,
    earlierPeriods: [],
    lastSeq: 9,
    isMember: true,
    floorSeq: 0,
    ...changes,
  }
  const onReceipt = vi.fn<() => void>()
  const events = { viewerId: bob, registration: { type, receiptsUntil: NOW }, pending: [pending], onReceipt }
  const items = (await Array.fromAsync(replay(new AbortController().signal, events))).flat()
  return items.map((item) => ('seq' in item ? item.seq : item.type))
}

describe('a replay', () => {
  test('gives a known device receipts first, then what it has not acknowledged', async () => {
    expect(await replayed('known')).toEqual(['ReceiptAdvanced', 7, 8, 9])
  })

  test('gives a new device the events since its registration, and no receipts', async () => {
    expect(await replayed('new')).toEqual([7, 8, 9])
  })

  test('resets a forgotten device, then gives it the events since its registration', async () => {
    expect(await replayed('forgotten')).toEqual(['InboxReset', 7, 8, 9])
  })

  test('leaves out events from outside the membership periods', async () => {
    const earlierPeriods = [
      { first: 1, last: 2 },
      { first: 4, last: 5 },
    ]
    expect(await replayed('known', { ackedSeq: 1, earlierPeriods, joinedSeq: 8 })).toEqual([
      'ReceiptAdvanced',
      2,
      4,
      5,
      8,
      9,
    ])
  })

  test('resets a device before any event if pending events have left the log', async () => {
    expect(await replayed('known', { floorSeq: 6 })).toEqual(['ReceiptAdvanced', 7, 8, 9])
    expect(await replayed('known', { floorSeq: 7 })).toEqual(['ReceiptAdvanced', 'InboxReset'])
  })

  test('does not reset a device for lost events from outside the membership periods', async () => {
    const earlierPeriods = [{ first: 1, last: 2 }]
    expect(await replayed('known', { ackedSeq: 2, earlierPeriods, joinedSeq: 7, floorSeq: 6 })).toEqual([
      'ReceiptAdvanced',
      7,
      8,
      9,
    ])
  })

  test('resets a device if too many events are pending', async () => {
    expect(await replayed('known', { ackedSeq: 0, lastSeq: 10_001 })).toEqual([
      'ReceiptAdvanced',
      'InboxReset',
    ])
  })

  test('reads receipts page by page, and resets a device instead of the events if too many are missed', async () => {
    const next = { chatId: chatId('tea'), userId: alice }
    const page = (count: number): ReceiptPage => {
      return {
        receipts: range(1, count).map((seq) => ({ ...receipt('tea', alice, seq), isRecent: false })),
        next,
      }
    }
    const last: ReceiptPage = { ...page(5_000), next: undefined }
    const countsOf = (items: readonly unknown[]) =>
      [...Map.groupBy(items, (item) => item)].map(([item, all]) => [item, all.length])
    const receipts = ['ReceiptAdvanced', 10_000]
    expect(countsOf(await replayed('known', {}, [page(5_000), last]))).toEqual([
      receipts,
      [7, 1],
      [8, 1],
      [9, 1],
    ])
    expect(countsOf(await replayed('known', {}, [page(5_000), page(5_000), page(1)]))).toEqual([
      receipts,
      ['InboxReset', 1],
    ])
  })
})

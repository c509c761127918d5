import { expect, test } from 'vitest'
import { createInbox } from '../../../src/delivery/inbox.ts'
import { createLiveDevices } from '../../../src/delivery/live-devices.ts'
import type { DeviceId } from '../../../src/ids.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { captureLog } from '../../harness/fixtures/captured-log.ts'
import { alice, bob, chatId, receipt } from '../../harness/fixtures/chat-events.ts'
import { createHubWorld, read } from '../gateway/hub-world.ts'

test('an inbox delivers no live receipt that its replay has overtaken', async () => {
  const { hub } = createHubWorld()
  const inbox = createInbox({
    hub,
    devices: {
      register: async () => ({ type: 'known', receiptsUntil: new Date(0) }),
      pending: async () => [
        { ...read('tea', 9), ackedSeq: 9, earlierPeriods: [], lastSeq: 9, isMember: true },
      ],
    },
    liveDevices: createLiveDevices(),
    chatLog: {} as never,
    receipts: {
      async since() {
        // Arrives between the registration of the stream and the read.
        hub.deliverSignals([receipt('tea', alice, 4)])
        return { receipts: [{ ...receipt('tea', alice, 5), isRecent: true }], next: undefined }
      },
    } as never,
    clock: { now: () => 0 },
    metrics: createMetrics(),
    logger: captureLog().logger,
  })
  await using stream = inbox.open({
    viewerId: bob,
    deviceId: 'phone' as DeviceId,
    onOverflow: () => undefined,
  })
  const items = [await stream.next(), await stream.next()]
  expect(items.map(({ value }) => value?.type)).toEqual(['ReceiptAdvanced', 'CaughtUp'])
  hub.deliverSignals([receipt('tea', alice, 5), receipt('tea', alice, 6)])
  expect((await stream.next()).value).toMatchObject({ chatId: chatId('tea'), deliveredSeq: 6 })
})

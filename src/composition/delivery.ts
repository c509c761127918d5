import { createChatStreams } from '../delivery/chat-stream.ts'
import { createDeviceStore } from '../delivery/device-store.ts'
import { createInbox } from '../delivery/inbox.ts'
import { sharePages } from '../delivery/shared-pages.ts'
import { createLiveDevices } from '../delivery/live-devices.ts'
import { elapsedMs } from '../lib/clock.ts'
import { createReceiptRecipients } from '../receipts/receipt-recipients.ts'
import { createReceiptStore } from '../receipts/receipt-store.ts'
import { createReceipts } from '../receipts/receipts.ts'
import type { ChatParts } from './chats.ts'
import type { Foundation } from './foundation.ts'
import type { GatewayParts } from './gateway.ts'
import type { Overload } from './overload.ts'

export type DeliveryParts = ReturnType<typeof wireDelivery>

/** Receipts, and the streams of devices, which acknowledge through receipts. */
export function wireDelivery(
  { database, clock, metrics, logger }: Foundation,
  { chats, chatLog }: ChatParts,
  { hub, routing }: GatewayParts,
  { levels }: Overload,
) {
  const liveDevices = createLiveDevices()
  const store = createReceiptStore(database)
  const receipts = createReceipts({
    store,
    isLive: liveDevices.has,
    receiptRecipients: createReceiptRecipients({ store, logger }),
    elapsedMs,
    publish: (advanced) =>
      routing.router.publishSignals(advanced.map((receipt) => ({ type: 'ReceiptAdvanced', ...receipt }))),
    leastRestMs: levels.receiptRestMs,
  })
  const devices = createDeviceStore(database)
  const { marks } = database
  const log = { read: sharePages(chatLog.read, elapsedMs) }
  return {
    receipts,
    inbox: createInbox({ hub, devices, liveDevices, chatLog: log, receipts, clock, marks, metrics, logger }),
    chatStreams: createChatStreams({ hub, chats, chatLog: log, clock, marks }),
  }
}

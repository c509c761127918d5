import type { ChatEvent } from '../events/chat-event.ts'
import type { LiveItem } from '../events/signal.ts'
import type { Hub } from '../gateway/hub.ts'
import type { DeviceId, UserId } from '../ids.ts'
import { countPerTurn } from '../lib/count-per-turn.ts'
import type { Dispose } from '../lib/dispose.ts'
import type { Feed } from '../lib/push-stream.ts'
import type { Receipts } from '../receipts/receipts.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { DeviceStore } from './device-store.ts'
import type { InboxItem } from './inbox-item.ts'
import type { LiveDevices } from './live-devices.ts'
import { type Accept, type LiveSink, type LiveStream, openLiveStream } from './live-stream.ts'
import { createPhases, type PhaseDependencies } from './phases.ts'
import { createDeviceReplay } from './replay.ts'
import { createReceiptMerge, type ReceiptMerge } from './receipt-merge.ts'
import { createReplayPlanner } from './replay-plan.ts'
import type { ReadPage } from './shared-pages.ts'
import { createThrottledReads, MAX_CONCURRENT_SHARED_READS } from './throttled-reads.ts'

export type Inbox = Readonly<{
  /**
   * Opens a stream of everything that concerns the viewer: each chat's events in order of seq, without gap or
   * repetition. With a device it starts with what that device has not acknowledged.
   */
  open(subscriber: Subscriber): LiveStream
  /** How long an inbox that opens now would probably wait for its first read, in milliseconds. */
  expectedWaitMs(): number
}>

export type Subscriber = Readonly<{
  viewerId: UserId
  deviceId: DeviceId | undefined
  /** Called if the reader is too slow. Has to close its connection. */
  onOverflow(): void
  /** Takes all items. Default: the reader asks for them. */
  sink?: LiveSink | undefined
}>

type Dependencies = Readonly<{
  hub: Hub
  devices: DeviceStore
  liveDevices: LiveDevices
  chatLog: Readonly<{ read: ReadPage }>
  receipts: Receipts
  metrics: Pick<Metrics, 'deliveries' | 'replays' | 'overflows'>
  logger: Logger
}> &
  PhaseDependencies

/*
 * An inbox starts in three phases. Their order is what makes it complete:
 *
 * 1. Register. The stream joins the local hub under its user, and the hub serves each of the user's chats to it. Live
 *    events start to queue.
 * 2. Replay. Everything that the device has not acknowledged is read from the log, page by page, as fast as the reader
 *    takes it. The log is read after the stream joined, so each event is in the log that is read, or pushed, or both.
 *    No event is in neither.
 * 3. Merge. CaughtUp is delivered. Then the queue, without the events that the replay already delivered. From here on
 *    the stream is live.
 *
 * Receipts come before the events of the replay, and have a merge of their own: live ones that the replay has overtaken
 * are dropped. A device counts as live once it has caught up. An acknowledgement of a
 * live device shows that it also has the receipts sent before, and its next replay of receipts starts there. An
 * acknowledgement without an inbox says nothing about receipts.
 */
export function createInbox(dependencies: Dependencies): Inbox {
  const { hub, devices, liveDevices, chatLog, receipts, metrics, logger } = dependencies
  const shared = createPhases(dependencies)
  const starts = createThrottledReads(logger, MAX_CONCURRENT_SHARED_READS)
  const replays = createThrottledReads(logger)
  const plan = createReplayPlanner({ hub, devices, throttled: starts.read })
  const replay = createDeviceReplay({
    chatLog,
    receipts,
    metrics,
    throttled: replays.read,
    throttledShared: starts.read,
  })
  const countLive = countPerTurn((count) => metrics.deliveries.inc({ phase: 'live' }, count))

  function open({ viewerId, deviceId, onOverflow, sink }: Subscriber): LiveStream {
    async function* phases(feed: Feed<LiveItem>): AsyncGenerator<readonly InboxItem[], Accept, void> {
      const { registration, pending, merge } = await plan(
        { viewerId, deviceId },
        { signal: feed.signal, hasQueued: feed.hasQueued, registered: subscription.registered },
      )
      subscription.markLoaded()
      let receiptMerge: ReceiptMerge | undefined
      const onReceipt: ReceiptMerge['replayed'] = (receipt) => {
        receiptMerge ??= createReceiptMerge()
        receiptMerge.replayed(receipt)
      }
      const replayed = registration && replay(feed.signal, { viewerId, registration, pending, onReceipt })
      yield* shared.replay(viewerId, replayed)
      if (deviceId !== undefined) disposeLive = liveDevices.add(viewerId, deviceId)
      return (item) => {
        if (!merge(item) || receiptMerge?.isNews(item) === false) return 'skip'
        shared.recordDelivery(viewerId)
        countLive()
        return 'deliver'
      }
    }

    let disposeLive: Dispose | undefined
    const stream: LiveStream = openLiveStream({
      phases,
      sink,
      onClose() {
        subscription.dispose()
        disposeLive?.()
      },
      onOverflow() {
        metrics.overflows.inc()
        onOverflow()
      },
      onFlushed: deviceId === undefined ? (item) => acknowledge(viewerId, item) : undefined,
    })
    const subscription = hub.subscribe({
      userId: viewerId,
      push: (item) => stream.push(item),
      restart: () => stream.overflow(),
    })
    return stream
  }

  /** Without a device, the flush to the socket is the acknowledgement. */
  function acknowledge(viewerId: UserId, item: InboxItem): void {
    if (!isLogged(item)) return
    receipts
      .markDelivered(viewerId, undefined, [{ chatId: item.chatId, seq: item.seq }])
      .catch((error: unknown) =>
        logger.warn({ err: error, chatId: item.chatId }, 'delivery receipt not recorded'),
      )
  }

  return { open, expectedWaitMs: () => starts.expectedWaitMs() + replays.expectedWaitMs() }
}

function isLogged(item: InboxItem): item is ChatEvent {
  return 'seq' in item
}

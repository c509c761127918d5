import type { ChatEvent } from '../events/chat-event.ts'
import type { LiveItem, LiveSubscriber } from '../events/signal.ts'
import type { Hub, Subscription } from '../gateway/hub.ts'
import type { DeviceId, UserId } from '../ids.ts'
import { countPerTurn } from '../lib/count-per-turn.ts'
import type { Feed } from '../lib/push-stream.ts'
import type { Receipts } from '../receipts/receipts.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { DeviceStore } from './device-store.ts'
import type { InboxItem } from './inbox-item.ts'
import type { LiveDevices } from './live-devices.ts'
import type { Accept, LiveSink, LiveSource } from './live-source.ts'
import { type LiveStream, openLiveStream } from './live-stream.ts'
import type { Merge } from './merge.ts'
import { createPhases, type PhaseDependencies } from './phases.ts'
import { createDeviceReplay } from './replay.ts'
import { createReceiptMerge, type ReceiptMerge } from './receipt-merge.ts'
import { createReplayPlanner, type ReplayPlanner } from './replay-plan.ts'
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
  const { hub, devices, chatLog, receipts, metrics, logger } = dependencies
  const starts = createThrottledReads(logger, MAX_CONCURRENT_SHARED_READS)
  const replays = createThrottledReads(logger)
  const shared: Shared = {
    ...dependencies,
    phases: createPhases(dependencies),
    plan: createReplayPlanner({ hub, devices, throttled: starts.read }),
    replay: createDeviceReplay({
      chatLog,
      receipts,
      metrics,
      throttled: replays.read,
      throttledShared: starts.read,
    }),
    countLive: countPerTurn((count) => metrics.deliveries.inc({ phase: 'live' }, count)),
  }
  return {
    open: (subscriber) => new OpenInbox(subscriber, shared).stream,
    expectedWaitMs: () => starts.expectedWaitMs() + replays.expectedWaitMs(),
  }
}

/** Shared by all inboxes of a gateway. */
type Shared = Pick<Dependencies, 'hub' | 'liveDevices' | 'receipts' | 'metrics' | 'logger'> &
  Readonly<{
    phases: ReturnType<typeof createPhases>
    plan: ReplayPlanner
    replay: ReturnType<typeof createDeviceReplay>
    countLive(): void
  }>

/** One open inbox. A class, because a gateway has very many: closures over these fields would take far more memory. */
class OpenInbox implements LiveSource, LiveSubscriber {
  readonly userId: UserId
  readonly sink: LiveSink | undefined
  readonly stream: LiveStream
  /** Without a device, the flush to the socket is the acknowledgement. */
  readonly onFlushed: LiveSource['onFlushed']
  readonly #shared: Shared
  readonly #deviceId: DeviceId | undefined
  readonly #onOverflow: () => void
  readonly #subscription: Subscription
  /** Undefined until its device counts as live. */
  #liveDeviceId: DeviceId | undefined

  constructor({ viewerId, deviceId, onOverflow, sink }: Subscriber, shared: Shared) {
    this.userId = viewerId
    this.sink = sink
    this.onFlushed = deviceId === undefined ? (item) => this.#acknowledge(item) : undefined
    this.#shared = shared
    this.#deviceId = deviceId
    this.#onOverflow = onOverflow
    this.stream = openLiveStream(this)
    this.#subscription = shared.hub.subscribe(this)
  }

  push(item: LiveItem): void {
    this.stream.push(item)
  }

  restart(): void {
    this.stream.overflow()
  }

  onOverflow(): void {
    this.#shared.metrics.overflows.inc()
    this.#onOverflow()
  }

  onClose(): void {
    this.#subscription.dispose()
    if (this.#liveDeviceId !== undefined) this.#shared.liveDevices.remove(this.userId, this.#liveDeviceId)
  }

  async *phases(
    feed: Pick<Feed<LiveItem>, 'signal' | 'hasQueued'>,
  ): AsyncGenerator<readonly InboxItem[], Accept, void> {
    const { userId: viewerId } = this
    const { plan, replay, phases } = this.#shared
    const { registration, pending, merge } = await plan(
      { viewerId, deviceId: this.#deviceId },
      { signal: feed.signal, hasQueued: feed.hasQueued, registered: this.#subscription.registered },
    )
    this.#subscription.markLoaded()
    let receiptMerge: ReceiptMerge | undefined
    const onReceipt: ReceiptMerge['replayed'] = (receipt) => {
      receiptMerge ??= createReceiptMerge()
      receiptMerge.replayed(receipt)
    }
    const replayed = registration && replay(feed.signal, { viewerId, registration, pending, onReceipt })
    yield* phases.replay(viewerId, replayed)
    this.#countAsLive()
    return this.#accepting(merge, receiptMerge)
  }

  #countAsLive(): void {
    if (this.#deviceId === undefined) return
    this.#shared.liveDevices.add(this.userId, this.#deviceId)
    this.#liveDeviceId = this.#deviceId
  }

  /** Apart from `phases`, whose variables the filter would keep. */
  #accepting(merge: Merge, receiptMerge: ReceiptMerge | undefined): Accept {
    return (item) => {
      if (!merge(item) || receiptMerge?.isNews(item) === false) return 'skip'
      this.#shared.phases.recordDelivery(this.userId)
      this.#shared.countLive()
      return 'deliver'
    }
  }

  #acknowledge(item: InboxItem): void {
    if (!isLogged(item)) return
    const { receipts, logger } = this.#shared
    receipts
      .markDelivered(this.userId, undefined, [{ chatId: item.chatId, seq: item.seq }])
      .catch((error: unknown) =>
        logger.warn({ err: error, chatId: item.chatId }, 'delivery receipt not recorded'),
      )
  }
}

function isLogged(item: InboxItem): item is ChatEvent {
  return 'seq' in item
}

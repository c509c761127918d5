import type { ChatEvent } from '../events/chat-event.ts'
import type { ChatLog } from '../chats/chat-log.ts'
import type { Hub } from '../gateway/hub.ts'
import type { LiveItem } from '../events/signal.ts'
import type { ChatId, DeviceId, Seq, UserId } from '../ids.ts'
import { backoffMs } from '../lib/backoff.ts'
import type { Clock } from '../lib/clock.ts'
import type { Feed } from '../lib/push-stream.ts'
import { pause } from '../lib/async.ts'
import type { Receipts } from '../receipts/receipts.ts'
import type { ViewerMarks } from '../store/replicas/viewer-marks.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { DeviceStore, Pending, Registration } from './device-store.ts'
import type { InboxItem } from './inbox-item.ts'
import type { LiveDevices } from './live-devices.ts'
import { type LiveStream, openLiveStream } from './live-stream.ts'
import { createMerge, type Merge } from './merge.ts'
import { createThrottledReads } from './throttled-reads.ts'
import { createReplay } from './replay.ts'

export type Inbox = Readonly<{
  /**
   * Everything that concerns the viewer, each chat's events in order of seq, none left out and none twice. With a
   * device: first what it has not acknowledged. `onOverflow` has to cut the reader off.
   */
  open(subscriber: Subscriber): LiveStream
  /** How long an inbox that is opened now will probably wait before it is read, in milliseconds. */
  expectedWaitMs(): number
}>

export type Subscriber = Readonly<{
  viewerId: UserId
  deviceId: DeviceId | undefined
  onOverflow(): void
}>

type Dependencies = Readonly<{
  hub: Hub
  devices: DeviceStore
  liveDevices: LiveDevices
  chatLog: ChatLog
  receipts: Receipts
  clock: Clock
  /** Who has seen what, where a query might read what is older. */
  marks?: Pick<ViewerMarks, 'recordDelivery' | 'recordWrite'> | undefined
  metrics: Pick<Metrics, 'deliveries' | 'replays' | 'overflows'>
  logger: Logger
}>

/** Between two reads of what is owed, where members keep changing meanwhile. */
const BACKOFF = { firstMs: 20, maxMs: 1_000 }

/** What the replay has to read, and how the live part is joined to it. */
type Plan = Readonly<{ owed: readonly Pending[]; merge: Merge }>
/** What a device was, and what is owed to it; without a device nothing is. */
type Debt = Readonly<{ registration: Registration | undefined; owed: readonly Pending[] }>

/*
 * An inbox starts in three phases, and their order is the whole point:
 *
 * 1. Register. The stream joins the hub under its person, and each of the person's chats is served to it. From here
 *    on live events queue up, though nobody reads them yet.
 * 2. Replay. What the device has not acknowledged is read from the log, page by page, as fast as the reader takes it.
 *    Since the log is read after the stream joined, an event is either in what is read, or pushed, or both; it can't
 *    be in neither.
 * 3. Merge. CaughtUp, then the queue, without what the replay gave already; from here on the stream is live.
 *
 * In the first phase the database's head of a chat and the hub's last event may differ either way. Where the hub is
 * behind, it will yet push events that the replay covers: the merge drops them. Where it is ahead, it has passed on
 * events that the stream did not hear: the replay goes on to where the hub is. But not where one of those changed who
 * is in the chat: the person may be the one whom it removed, and nothing after it is theirs. Then all is read again.
 *
 * Receipts go before the events of the replay. A device is live once it has caught up: what it acknowledges from then on
 * says that it hears, and so has heard the receipts of before; its next replay of receipts begins there. What it
 * acknowledges without an inbox says nothing of receipts.
 */
export function createInbox(dependencies: Dependencies): Inbox {
  const { hub, devices, liveDevices, chatLog, receipts, clock, marks, metrics, logger } = dependencies
  const { read: inTurn, expectedWaitMs } = createThrottledReads(logger)
  const replay = createReplay({ chatLog, receipts, metrics, inTurn })

  function open({ viewerId, deviceId, onOverflow }: Subscriber): LiveStream {
    async function* phases(feed: Feed<LiveItem>): AsyncGenerator<InboxItem, void, void> {
      await joined.registered
      const { registration, owed, merge } = await makePlan(feed, viewerId, deviceId)
      joined.markLoaded()
      if (registration !== undefined) {
        for await (const item of replay(feed.signal, { viewerId, registration, owed })) {
          // What is queried in its place has to reach as far as the log does that is not replayed.
          if (item.type === 'InboxReset') await marks?.recordWrite(viewerId)
          yield item
        }
      }
      // What was passed on is in what is queried from now on, whichever gateway and server is asked.
      await marks?.recordWrite(viewerId)
      yield { type: 'CaughtUp', at: new Date(clock.now()) }
      if (deviceId !== undefined) live = liveDevices.add(viewerId, deviceId)
      for await (const item of feed.pushed()) {
        if (!merge(item)) continue
        marks?.recordDelivery(viewerId)
        yield item
        metrics.deliveries.inc({ phase: 'live' })
      }
    }

    let live: (() => void) | undefined
    const stream: LiveStream = openLiveStream({
      phases,
      onClose() {
        joined.dispose()
        live?.()
      },
      onOverflow() {
        metrics.overflows.inc()
        onOverflow()
      },
      onFlushed: deviceId === undefined ? (item) => acknowledge(viewerId, item) : undefined,
    })
    const joined = hub.subscribe({
      userId: viewerId,
      push: (item) => stream.push(item),
      restart: () => stream.overflow(),
    })
    return stream
  }

  async function readDebt(viewerId: UserId, deviceId: DeviceId | undefined): Promise<Debt> {
    const registration = deviceId === undefined ? undefined : await devices.register(viewerId, deviceId)
    return { registration, owed: await devices.owed(viewerId, deviceId) }
  }

  async function makePlan(
    { signal, hasQueued }: Feed<LiveItem>,
    viewerId: UserId,
    deviceId: DeviceId | undefined,
  ): Promise<Plan & Pick<Debt, 'registration'>> {
    // Registering again finds the device known: what it was is what the first attempt found.
    let registration: Registration | undefined
    for (let attempt = 0; ; attempt += 1) {
      const debt = await inTurn(signal, () => readDebt(viewerId, deviceId))
      registration ??= debt.registration
      const plan = planFor(viewerId, debt.owed, hasQueued())
      if (plan !== 'stale') return { ...plan, registration }
      await pause(backoffMs(attempt, BACKOFF), signal)
      signal.throwIfAborted()
    }
  }

  function planFor(viewerId: UserId, owed: readonly Pending[], hasQueued: boolean): Plan | 'stale' {
    const covered = new Map<ChatId, Seq>()
    const extended: Pending[] = []
    for (const chat of owed) {
      const passedOn = passedOnOf(viewerId, chat)
      if (passedOn === 'stale') return passedOn
      const lastSeq = chat.isMember ? Math.max(passedOn, chat.lastSeq) : chat.lastSeq
      // What the replay covers can only be pushed later, or have been pushed already, to this person's other streams
      // and so to this one. Neither, mostly: then there is nothing to remember.
      if (passedOn < lastSeq || hasQueued) covered.set(chat.chatId, lastSeq)
      extended.push({ ...chat, lastSeq })
    }
    return { owed: extended.filter(isBehind), merge: createMerge(covered) }
  }

  /** How far the hub is. A chat that the person has left is served no more. */
  function passedOnOf(viewerId: UserId, owed: Pending): Seq | 'stale' {
    const { chatId, isMember, joinedSeq, lastSeq, floorSeq } = owed
    if (isMember) return hub.addMembership(viewerId, { chatId, joinedSeq, headSeq: lastSeq, floorSeq })
    return hub.endMembership(viewerId, { chatId, leftSeq: lastSeq }) ?? lastSeq
  }

  /** Without a device, what was flushed to the socket counts as delivered. */
  function acknowledge(viewerId: UserId, item: InboxItem): void {
    if (!isLogged(item)) return
    receipts
      .markDelivered(viewerId, undefined, [{ chatId: item.chatId, seq: item.seq }])
      .catch((error: unknown) =>
        logger.warn({ err: error, chatId: item.chatId }, 'a delivery was not recorded'),
      )
  }

  return { open, expectedWaitMs }
}

function isBehind(owed: Pending): boolean {
  return owed.ackedSeq < owed.lastSeq
}

function isLogged(item: InboxItem | LiveItem): item is ChatEvent {
  return 'seq' in item
}

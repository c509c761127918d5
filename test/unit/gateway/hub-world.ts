import { type Mock, vi } from 'vitest'
import type { ChatEvent } from '../../../src/events/chat-event.ts'
import type { LogRange } from '../../../src/chats/log-rows.ts'
import { createHub, type Hub } from '../../../src/gateway/hub.ts'
import type { MembershipSnapshot } from '../../../src/gateway/membership-store.ts'
import type { LiveItem } from '../../../src/events/signal.ts'
import type { Subscription } from '../../../src/gateway/hub.ts'
import type { Seq, UserId } from '../../../src/ids.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { captureLog, type LogLine } from '../../harness/fixtures/captured-log.ts'
import { EventQueue } from '../../harness/fixtures/event-queue.ts'
import { chatId } from '../../harness/fixtures/chat-events.ts'

/** A user's stream, with what was delivered to it. */
export type TestStream = Subscription &
  Readonly<{ userId: UserId; delivered: EventQueue<LiveItem>; restart: Mock<() => void> }>

/** A hub, and the log from which it repairs gaps. */
export type HubWorld = Readonly<{
  hub: Hub
  /** The content of the log. Tests may add to it. */
  log: ChatEvent[]
  /** The last entry that has left the log. Tests may move it. */
  floor: { seq: Seq }
  /** Every range that the hub has read. */
  reads: EventQueue<LogRange>
  lines: readonly LogLine[]
  /** The users that the hub has registered. */
  registeredIds: ReadonlySet<UserId>
  /** The users whose membership changes the hub has reported, in order. */
  changed: readonly UserId[]
  /** Reads of the log wait for this, and fail if it rejects. */
  interceptReads(reading: () => Promise<void>): void
  subscribe(userId: UserId): TestStream
  /** Subscribes a member of these chats, whose logs end at `headSeq`. */
  subscribeTo(userId: UserId, chats: readonly string[], headSeq: number): TestStream
}>

/** A snapshot for a member. By default, they are a member from the start. */
export function read(chat: string, headSeq: number, joinedSeq = 0): MembershipSnapshot {
  return { chatId: chatId(chat), joinedSeq, headSeq, floorSeq: 0 }
}

/** The maximum of events that one read returns, as in the real log. */
const PAGE = 100

export function createHubWorld(events: readonly ChatEvent[] = []): HubWorld {
  const log = [...events]
  const floor = { seq: 0 }
  const { logger, lines } = captureLog()
  const reads = new EventQueue<LogRange>()
  const registeredIds = new Set<UserId>()
  const changed: UserId[] = []
  let interception = (): Promise<void> => Promise.resolve()

  async function readLog(range: LogRange): Promise<readonly ChatEvent[]> {
    reads.push(range)
    await interception()
    const { afterSeq, untilSeq } = range
    const found = log.filter((event) => event.chatId === range.chatId)
    return found.filter(({ seq }) => seq > Math.max(afterSeq, floor.seq) && seq <= untilSeq).slice(0, PAGE)
  }

  const sessions = {
    async register(userId: UserId): Promise<void> {
      registeredIds.add(userId)
    },
    unregister: (userId: UserId) => void registeredIds.delete(userId),
  }
  const hub = createHub({
    readLog,
    logFloor: async () => floor.seq,
    onMembersChanged: (userIds) => changed.push(...userIds),
    sessions,
    metrics: createMetrics(),
    logger,
  })

  function subscribe(userId: UserId): TestStream {
    const delivered = new EventQueue<LiveItem>()
    const restart = vi.fn<() => void>()
    return {
      userId,
      delivered,
      restart,
      ...detached(hub.subscribe({ userId, push: (item) => delivered.push(item), restart })),
    }
  }

  return {
    hub,
    log,
    floor,
    reads,
    lines,
    registeredIds,
    changed,
    subscribe,
    interceptReads: (reading) => void (interception = reading),
    subscribeTo: (userId, chats, headSeq) => {
      const stream = subscribe(userId)
      for (const chat of chats) hub.addMembership(userId, read(chat, headSeq))
      return stream
    },
  }
}

/** Returns the parts of a subscription, which tests take apart. */
export function detached(subscription: Subscription): Subscription {
  return {
    registered: subscription.registered,
    markLoaded: () => subscription.markLoaded(),
    dispose: () => subscription.dispose(),
  }
}

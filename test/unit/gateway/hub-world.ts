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

/** Somebody who listens, and what they heard. */
export type Ear = Subscription &
  Readonly<{ userId: UserId; heard: EventQueue<LiveItem>; startOver: Mock<() => void> }>

/** A hub, the log that it reads holes from, and people. */
export type HubWorld = Readonly<{
  hub: Hub
  /** What the log holds; tests may add to it. */
  log: ChatEvent[]
  /** Where it begins; tests may move it. */
  floor: { seq: Seq }
  /** Every stretch that the hub asked for. */
  reads: EventQueue<LogRange>
  lines: readonly LogLine[]
  /** Who has streams here, by what the hub told the session registry. */
  attached: ReadonlySet<UserId>
  /** Whose membership the hub said had changed, in order. */
  changed: readonly UserId[]
  /** Reads of the log wait for this, and fail where it rejects. */
  disturb(reading: () => Promise<void>): void
  listen(userId: UserId): Ear
  /** Somebody who listens and is served these chats, whose logs end at `headSeq`. */
  serve(userId: UserId, chats: readonly string[], headSeq: number): Ear
}>

/** A chat as it is read for somebody who was in it from the start. */
export function read(chat: string, headSeq: number, joinedSeq = 0): MembershipSnapshot {
  return { chatId: chatId(chat), joinedSeq, headSeq, floorSeq: 0 }
}

/** As in the real log, one read answers with so many events at most. */
const PAGE = 100

export function createHubWorld(events: readonly ChatEvent[] = []): HubWorld {
  const log = [...events]
  const floor = { seq: 0 }
  const { logger, lines } = captureLog()
  const reads = new EventQueue<LogRange>()
  const attached = new Set<UserId>()
  const changed: UserId[] = []
  let disturbance = (): Promise<void> => Promise.resolve()

  async function readLog(stretch: LogRange): Promise<readonly ChatEvent[]> {
    reads.push(stretch)
    await disturbance()
    const { afterSeq, untilSeq } = stretch
    const found = log.filter((event) => event.chatId === stretch.chatId)
    return found.filter(({ seq }) => seq > Math.max(afterSeq, floor.seq) && seq <= untilSeq).slice(0, PAGE)
  }

  const sessions = {
    async register(userId: UserId): Promise<void> {
      attached.add(userId)
    },
    unregister: (userId: UserId) => void attached.delete(userId),
  }
  const hub = createHub({
    readLog,
    logFloor: async () => floor.seq,
    onMembersChanged: (userIds) => changed.push(...userIds),
    sessions,
    metrics: createMetrics(),
    logger,
  })

  function listen(userId: UserId): Ear {
    const heard = new EventQueue<LiveItem>()
    const startOver = vi.fn<() => void>()
    return {
      userId,
      heard,
      startOver,
      ...hub.subscribe({ userId, push: (item) => heard.push(item), restart: startOver }),
    }
  }

  return {
    hub,
    log,
    floor,
    reads,
    lines,
    attached,
    changed,
    listen,
    disturb: (reading) => void (disturbance = reading),
    serve: (userId, chats, headSeq) => {
      const ear = listen(userId)
      for (const chat of chats) hub.addMembership(userId, read(chat, headSeq))
      return ear
    },
  }
}

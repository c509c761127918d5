import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ChatEvent } from '../../../src/events/chat-event.ts'
import type { ChatView } from '../../../src/events/chat.ts'
import { createChatStreams } from '../../../src/delivery/chat-stream.ts'
import { createLiveDevices } from '../../../src/delivery/live-devices.ts'
import { createInbox } from '../../../src/delivery/inbox.ts'
import type { InboxItem } from '../../../src/delivery/inbox-item.ts'
import type { LiveStream } from '../../../src/delivery/live-stream.ts'
import { createHub } from '../../../src/gateway/hub.ts'
import type { DeviceId } from '../../../src/ids.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { captureLog } from '../../harness/checkers/captured-log.ts'
import { alice, bob, chatId, memberRemoved, range, sent, seqsOf } from '../../harness/people/events.ts'

const TEA = chatId('tea')
const REMOVED_AT = 5
const LOG: readonly ChatEvent[] = range(1, 9).map((seq) =>
  seq === REMOVED_AT ? memberRemoved('tea', seq, bob) : sent('tea', seq),
)

/** One chat that bob is removed from, and a gateway on which alice hears of it. */
function createWorld() {
  const metrics = createMetrics()
  const { logger } = captureLog()
  let committed = 0
  const readLog = async ({ afterSeq, untilSeq }: { afterSeq: number; untilSeq: number }) =>
    LOG.slice(afterSeq, Math.min(untilSeq, committed))
  const sessions = { register: async () => undefined, unregister: () => undefined }
  const hub = createHub({
    readLog,
    logFloor: async () => 0,
    onMembersChanged: () => undefined,
    sessions,
    metrics,
    logger,
  })
  hub.subscribe({ userId: alice, push: () => undefined, restart: () => undefined })
  hub.addMembership(alice, { chatId: TEA, joinedSeq: 0, headSeq: 0, floorSeq: 0 })
  let betweenReadAndServe = (): void => undefined

  /** Commits events and passes them on. */
  function happen(untilSeq: number): void {
    const events = LOG.slice(committed, untilSeq)
    committed = Math.max(committed, untilSeq)
    hub.deliver(events)
  }

  /** What the database says now; by the time that whoever asked gets it, more has happened, once. */
  function snapshot(): { headSeq: number; leftSeq: number | null } {
    const read = { headSeq: committed, leftSeq: committed >= REMOVED_AT ? REMOVED_AT : null }
    const meanwhile = betweenReadAndServe
    betweenReadAndServe = () => undefined
    meanwhile()
    return read
  }

  async function owed() {
    const { headSeq, leftSeq } = snapshot()
    const part = { chatId: TEA, joinedSeq: 1, earlierStays: [], ackedSeq: 0, floorSeq: 0 }
    return headSeq === 0 ? [] : [{ ...part, lastSeq: leftSeq ?? headSeq, isMember: leftSeq === null }]
  }

  async function require(): Promise<ChatView> {
    const { headSeq, leftSeq } = snapshot()
    const member = { chatId: TEA, userId: bob, joinedSeq: 1, earlierStays: [], leftSeq }
    return { chat: { id: TEA, headSeq }, member } as unknown as ChatView
  }

  async function* pages({ afterSeq, untilSeq }: { afterSeq: number; untilSeq: number }) {
    yield await readLog({ afterSeq, untilSeq })
  }

  const chatLog = { read: readLog, pages } as never
  const clock = { now: () => 0 }
  const register = async () => ({ type: 'known' as const, receiptsUntil: new Date(0) })
  const devices = { register, owed }
  const receipts = { since: async () => [] } as never
  const inbox = createInbox({
    hub,
    devices,
    liveDevices: createLiveDevices(),
    chatLog,
    receipts,
    clock,
    metrics,
    logger,
  })
  const streams = createChatStreams({ hub, chats: { require } as never, chatLog, clock })
  const nobody = { viewerId: bob, onOverflow: () => undefined }
  return {
    happen,
    meanwhile: (work: () => void) => void (betweenReadAndServe = work),
    inbox: () => inbox.open({ ...nobody, deviceId: 'phone' as DeviceId }),
    chatEvents: () => streams.open({ ...nobody, chatId: TEA, afterSeq: 0 }),
  }
}

/** The seqs of all that comes: up to CaughtUp, and then of what `later` makes come, until there is nothing more. */
async function hear(stream: LiveStream, later: () => void): Promise<readonly number[]> {
  const items: InboxItem[] = []
  while (items.at(-1)?.type !== 'CaughtUp') items.push(...(await next(stream)))
  later()
  const reading = (async () => {
    for await (const item of stream) items.push(item)
  })()
  await new Promise((resolve) => setImmediate(resolve))
  await stream.return()
  await reading
  return seqsOf(items)
}

async function next(stream: LiveStream): Promise<InboxItem[]> {
  const { done, value } = await stream.next()
  return done === true ? [] : [value]
}

test('an inbox that was read before its person was removed ends with the event that removed them', async () => {
  const { happen, meanwhile, inbox } = createWorld()
  happen(4)
  meanwhile(() => happen(7))
  expect(await hear(inbox(), () => happen(9))).toEqual(range(1, REMOVED_AT))
})

test('a stream of one chat that was read before its person was removed ends with that event, too', async () => {
  const { happen, meanwhile, chatEvents } = createWorld()
  happen(4)
  meanwhile(() => happen(7))
  const stream = await chatEvents()
  expect(await hear(stream, () => happen(9))).toEqual(range(1, REMOVED_AT))
})

test('wherever the log is when an inbox is read, and when it is served, its person gets what is theirs, once', async () => {
  const moment = fc.integer({ min: 1, max: LOG.length })
  await fc.assert(
    fc.asyncProperty(moment, moment, async (readAt, servedAt) => {
      const { happen, meanwhile, inbox } = createWorld()
      happen(readAt)
      meanwhile(() => happen(servedAt))
      expect(await hear(inbox(), () => happen(LOG.length))).toEqual(range(1, REMOVED_AT))
    }),
  )
})

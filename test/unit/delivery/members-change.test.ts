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
import { captureLog } from '../../harness/fixtures/captured-log.ts'
import { alice, bob, chatId, memberRemoved, range, sent, seqsOf } from '../../harness/fixtures/chat-events.ts'

const TEA = chatId('tea')
const REMOVED_AT = 5
const LOG: readonly ChatEvent[] = range(1, 9).map((seq) =>
  seq === REMOVED_AT ? memberRemoved('tea', seq, bob) : sent('tea', seq),
)

/** A chat that bob is removed from, and a gateway that serves it to alice. */
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
  /** Runs once, between the read of the database and the registration with the hub. */
  let betweenReadAndServe = (): void => undefined

  /** Commits the events up to a seq and publishes them. */
  function commit(untilSeq: number): void {
    const events = LOG.slice(committed, untilSeq)
    committed = Math.max(committed, untilSeq)
    hub.deliver(events)
  }

  /** Reads the chat. Before the caller gets the result, `betweenReadAndServe` runs. */
  function snapshot(): { headSeq: number; leftSeq: number | null } {
    const read = { headSeq: committed, leftSeq: committed >= REMOVED_AT ? REMOVED_AT : null }
    const meanwhile = betweenReadAndServe
    betweenReadAndServe = () => undefined
    meanwhile()
    return read
  }

  async function pending() {
    const { headSeq, leftSeq } = snapshot()
    const chat = { chatId: TEA, joinedSeq: 1, earlierPeriods: [], ackedSeq: 0, floorSeq: 0 }
    return headSeq === 0 ? [] : [{ ...chat, lastSeq: leftSeq ?? headSeq, isMember: leftSeq === null }]
  }

  async function require(): Promise<ChatView> {
    const { headSeq, leftSeq } = snapshot()
    const member = { chatId: TEA, userId: bob, joinedSeq: 1, earlierPeriods: [], leftSeq }
    return { chat: { id: TEA, headSeq }, member } as unknown as ChatView
  }

  const chatLog = { read: readLog } as never
  const clock = { now: () => 0 }
  const register = async () => ({ type: 'known' as const, receiptsUntil: new Date(0) })
  const devices = { register, pending }
  const receipts = { since: async () => ({ receipts: [], next: undefined }) } as never
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
  const streams = createChatStreams({ hub, chats: { require }, chatLog, clock })
  const subscriber = { viewerId: bob, onOverflow: () => undefined }
  return {
    commit,
    meanwhile: (work: () => void) => void (betweenReadAndServe = work),
    inbox: () => inbox.open({ ...subscriber, deviceId: 'phone' as DeviceId }),
    chatEvents: () => streams.open({ ...subscriber, chatId: TEA, afterSeq: 0 }),
  }
}

/** Reads up to CaughtUp, runs `later`, and reads what follows. Returns all seqs. */
async function readSeqs(stream: LiveStream, later: () => void): Promise<readonly number[]> {
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

test('an inbox that was read before the removal of its user ends with that removal', async () => {
  const { commit, meanwhile, inbox } = createWorld()
  commit(4)
  meanwhile(() => commit(7))
  expect(await readSeqs(inbox(), () => commit(9))).toEqual(range(1, REMOVED_AT))
})

test('a stream of one chat that was read before the removal of its viewer ends with that removal', async () => {
  const { commit, meanwhile, chatEvents } = createWorld()
  commit(4)
  meanwhile(() => commit(7))
  const stream = await chatEvents()
  expect(await readSeqs(stream, () => commit(9))).toEqual(range(1, REMOVED_AT))
})

test('an inbox delivers the events of its user once, at every pair of heads when it is read and when it registers', async () => {
  const moment = fc.integer({ min: 1, max: LOG.length })
  await fc.assert(
    fc.asyncProperty(moment, moment, async (readAt, servedAt) => {
      const { commit, meanwhile, inbox } = createWorld()
      commit(readAt)
      meanwhile(() => commit(servedAt))
      expect(await readSeqs(inbox(), () => commit(LOG.length))).toEqual(range(1, REMOVED_AT))
    }),
  )
})

import { expect, test } from 'vitest'
import { createChatStreams } from '../../../src/delivery/chat-stream.ts'
import { createInbox } from '../../../src/delivery/inbox.ts'
import { createLiveDevices } from '../../../src/delivery/live-devices.ts'
import type { LiveStream } from '../../../src/delivery/live-stream.ts'
import { createHub } from '../../../src/gateway/hub.ts'
import type { DeviceId } from '../../../src/ids.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { captureLog } from '../../harness/fixtures/captured-log.ts'
import { alice, bob, chatId, sent } from '../../harness/fixtures/chat-events.ts'

/*
 * A query that follows an item of a stream must not read an older state. So the viewer's mark is set before the item is
 * delivered. Here bob has acknowledged a chat up to seq 2. Its log has 5 events, and retention has removed the first 4.
 */

const TEA = chatId('tea')

function createWorld() {
  const { logger } = captureLog()
  const metrics = createMetrics()
  const marked: string[] = []
  const marks = {
    recordWrite: async () => void marked.push('the whole log'),
    recordDelivery: () => void marked.push('an event'),
  } as never
  const sessions = { register: async () => undefined, unregister: () => undefined }
  const readLog = async () => [sent('tea', 5)]
  const hub = createHub({
    readLog,
    logFloor: async () => 4,
    onMembersChanged: () => undefined,
    sessions,
    metrics,
    logger,
  })
  const chatLog = {
    read: readLog,
  } as never
  const clock = { now: () => 0 }
  const pending = { chatId: TEA, joinedSeq: 1, earlierPeriods: [], ackedSeq: 2, lastSeq: 5, isMember: true }
  const register = async () => ({ type: 'known' as const, receiptsUntil: new Date(0) })
  const inbox = createInbox({
    hub,
    devices: { register, pending: async () => [{ ...pending, floorSeq: 4 }] },
    liveDevices: createLiveDevices(),
    chatLog,
    receipts: { since: async () => ({ receipts: [], next: undefined }) } as never,
    clock,
    marks,
    metrics,
    logger,
  })
  const member = { chatId: TEA, userId: bob, joinedSeq: 1, earlierPeriods: [], leftSeq: null }
  const chats = { require: async () => ({ chat: { id: TEA, headSeq: 5 }, member }) } as never
  const chatStreams = createChatStreams({ hub, chats, chatLog, clock, marks })
  return { hub, marked, inbox, chatStreams }
}

type World = ReturnType<typeof createWorld>

/** Reads an item. Returns its type and the marks that were set since the last call. */
async function take(
  { marked }: World,
  stream: LiveStream,
): Promise<readonly [string | undefined, ...string[]]> {
  const { value } = await stream.next()
  return [value?.type, ...marked.splice(0)]
}

const onOverflow = (): void => undefined

test.for([
  [
    'an inbox',
    async ({ inbox }: World) => inbox.open({ viewerId: bob, deviceId: 'phone' as DeviceId, onOverflow }),
  ],
  [
    "a chat's stream",
    ({ chatStreams }: World) => chatStreams.open({ viewerId: bob, chatId: TEA, afterSeq: 2, onOverflow }),
  ],
] as const)('%s marks the position of each item before it delivers it', async ([, open]) => {
  const world = createWorld()
  await using stream = await open(world)
  expect(await take(world, stream)).toEqual(['InboxReset', 'the whole log'])
  expect(await take(world, stream)).toEqual(['CaughtUp', 'the whole log'])
  world.hub.deliver([sent('tea', 6, { by: alice })])
  expect(await take(world, stream)).toEqual(['MessageSent', 'an event'])
})

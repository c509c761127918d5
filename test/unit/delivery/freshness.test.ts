import { expect, test } from 'vitest'
import { createChatStreams } from '../../../src/delivery/chat-stream.ts'
import { createInbox } from '../../../src/delivery/inbox.ts'
import { createLiveDevices } from '../../../src/delivery/live-devices.ts'
import type { LiveStream } from '../../../src/delivery/live-stream.ts'
import { createHub } from '../../../src/gateway/hub.ts'
import type { DeviceId } from '../../../src/ids.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { captureLog } from '../../harness/checkers/captured-log.ts'
import { alice, bob, chatId, sent } from '../../harness/people/events.ts'

/*
 * A query after an item of a stream must not read what is older than that: so what the item says is noted before it is
 * handed out. Here bob has the log of a chat up to 2, which has 5 entries, the first four of which have left.
 */

const TEA = chatId('tea')

function createWorld() {
  const { logger } = captureLog()
  const metrics = createMetrics()
  const noted: string[] = []
  const marks = {
    wrote: async () => void noted.push('the present'),
    told: () => void noted.push('an event'),
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
    pages: async function* () {
      yield await readLog()
    },
  } as never
  const clock = { now: () => 0 }
  const owed = { chatId: TEA, joinedSeq: 1, earlierStays: [], ackedSeq: 2, lastSeq: 5, isMember: true }
  const register = async () => ({ type: 'known' as const, receiptsUntil: new Date(0) })
  const inbox = createInbox({
    hub,
    devices: { register, owed: async () => [{ ...owed, floorSeq: 4 }] },
    liveDevices: createLiveDevices(),
    chatLog,
    receipts: { since: async () => [] } as never,
    clock,
    marks,
    metrics,
    logger,
  })
  const member = { chatId: TEA, userId: bob, joinedSeq: 1, earlierStays: [], leftSeq: null }
  const chats = { require: async () => ({ chat: { id: TEA, headSeq: 5 }, member }) } as never
  const chatStreams = createChatStreams({ hub, chats, chatLog, clock, marks })
  return { hub, noted, inbox, chatStreams }
}

type World = ReturnType<typeof createWorld>

/** What was handed out, and what had been noted by then since the last. */
async function take(
  { noted }: World,
  stream: LiveStream,
): Promise<readonly [string | undefined, ...string[]]> {
  const { value } = await stream.next()
  return [value?.type, ...noted.splice(0)]
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
] as const)('whatever %s hands out is noted first, so that no query is older', async ([, open]) => {
  const world = createWorld()
  await using stream = await open(world)
  expect(await take(world, stream)).toEqual(['InboxReset', 'the present'])
  expect(await take(world, stream)).toEqual(['CaughtUp', 'the present'])
  world.hub.deliver([sent('tea', 6, { by: alice })])
  expect(await take(world, stream)).toEqual(['MessageSent', 'an event'])
})

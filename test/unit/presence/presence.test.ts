import { expect, test } from 'vitest'
import type { UserId } from '../../../src/ids.ts'
import { OpenStreams } from '../../../src/presence/open-streams.ts'
import { PresenceStream } from '../../../src/presence/presence-stream.ts'
import { createPresence, MAX_WATCHED, MAX_WATCHED_PER_VIEWER } from '../../../src/presence/presence.ts'
import { captureLog } from '../../harness/fixtures/captured-log.ts'
import { alice, bob } from '../../harness/fixtures/chat-events.ts'

/** Every user may see every other one, and the store has no states. */
function world() {
  const streams = new OpenStreams()
  const presence = createPresence({
    store: { lookUp: async () => [] },
    lastSeen: { read: async () => new Map() },
    visibility: { allowed: async (grants) => grants },
    activity: { record: async () => undefined, note: () => undefined },
    gracePeriods: { grant: () => undefined },
    subscriptions: {
      watchedCountOf: (viewerId) => streams.watchedCountOf(viewerId),
      open(viewerId, userIds) {
        const stream = new PresenceStream({
          viewerId,
          userIds,
          onClose: (closed) => void streams.remove(closed),
        })
        streams.add(stream)
        return stream
      },
    },
    monitor: { isStoreReachable: () => true, confidence: () => 'full' },
    logger: captureLog().logger,
  })
  return presence
}

const users = Array.from({ length: MAX_WATCHED }, (_, index) => `user-${index}` as UserId)

test('all subscriptions of one viewer together are limited, also if they are opened at once', async () => {
  const { subscribe: open } = world()
  const wanted = Array.from({ length: MAX_WATCHED_PER_VIEWER / MAX_WATCHED + 1 }, () => open(alice, users))
  const outcomes = await Promise.allSettled(wanted)
  const refused = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason as object] : [],
  )
  expect(refused).toMatchObject([
    { extensions: { code: 'RATE_LIMITED', retryable: true, retryAfterMs: 1_000 } },
  ])
  await open(bob, users)
  await (await wanted[0])?.return()
  await open(alice, users)
  await expect(open(alice, [bob])).rejects.toThrow('Complete one first')
})

import { expect, test } from 'vitest'
import type { UserId } from '../../../src/ids.ts'
import { OpenStreams } from '../../../src/presence/open-streams.ts'
import { PresenceStream } from '../../../src/presence/presence-stream.ts'
import { createPresence, MAX_WATCHED, MAX_WATCHED_PER_VIEWER } from '../../../src/presence/presence.ts'
import { captureLog } from '../../harness/fixtures/captured-log.ts'
import { alice, bob } from '../../harness/fixtures/chat-events.ts'

/** Everybody may see everybody, and nobody is known. */
function world() {
  const streams = new OpenStreams()
  const presence = createPresence({
    store: { lookUp: async () => [] },
    lastSeen: { read: async () => new Map() },
    visibility: { allowed: async (sights) => sights },
    activity: { record: async () => undefined },
    gracePeriods: { grant: () => undefined },
    subscriptions: {
      watchedCountOf: (viewerId) => streams.watchedCountOf(viewerId),
      open(viewerId, userIds) {
        const stream = new PresenceStream({
          viewerId,
          userIds,
          release: (ended) => void streams.remove(ended),
        })
        streams.add(stream)
        return stream
      },
    },
    isStoreReachable: () => true,
    confidence: () => 'everything',
    logger: captureLog().logger,
  })
  return presence
}

const people = Array.from({ length: MAX_WATCHED }, (_, index) => `user-${index}` as UserId)

test('all subscriptions of one viewer together follow so many and no more, however they are opened', async () => {
  const { subscribe: open } = world()
  const wanted = Array.from({ length: MAX_WATCHED_PER_VIEWER / MAX_WATCHED + 1 }, () => open(alice, people))
  const outcomes = await Promise.allSettled(wanted)
  const refused = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason as object] : [],
  )
  expect(refused).toMatchObject([
    { extensions: { code: 'RATE_LIMITED', retryable: true, retryAfterMs: 1_000 } },
  ])
  await open(bob, people)
  await (await wanted[0])?.return()
  await open(alice, people)
  await expect(open(alice, [bob])).rejects.toThrow('Complete one first')
})

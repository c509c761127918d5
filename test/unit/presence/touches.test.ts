import { expect, test } from 'vitest'
import type { Activity, PresenceStore } from '../../../src/presence/presence-store.ts'
import { createTouches } from '../../../src/presence/touches.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { captureLog } from '../../harness/captured-log.ts'
import { alice, bob } from '../../harness/events.ts'

/** Touches on their way to a store that calls its moments by numbers of ours. */
function world() {
  const time = { elapsedMs: 0, shownMs: 1_000_000 }
  const asked: (readonly Activity[])[] = []
  const store: Pick<PresenceStore, 'touch'> = {
    async touch(activities) {
      asked.push(activities)
      const seen = activities.map(({ userId, agoMs, lastSeenAt }) => ({
        userId,
        lastSeenAt: lastSeenAt ?? new Date(time.shownMs - agoMs),
      }))
      return { came: [], seen }
    },
  }
  const touches = createTouches({
    store,
    tell: async () => undefined,
    windowMs: 20_000,
    elapsedMs: () => time.elapsedMs,
    metrics: createMetrics(),
    logger: captureLog().logger,
  })
  return { touches, time, asked }
}

test('what is told again is told with how long ago it was, and by the moment that it was shown as', async () => {
  const { touches, time, asked } = world()
  await touches.note(alice)
  time.elapsedMs += 5_000
  time.shownMs += 4_998
  await touches.retell()
  expect(asked).toEqual([
    [{ userId: alice, agoMs: 0, lastSeenAt: undefined }],
    [{ userId: alice, agoMs: 5_000, lastSeenAt: new Date(1_000_000) }],
  ])
})

test('who did something since has a new moment', async () => {
  const { touches, time, asked } = world()
  await touches.note(alice)
  time.elapsedMs += 5_000
  await touches.note(alice)
  expect(asked[1]).toEqual([{ userId: alice, agoMs: 0, lastSeenAt: undefined }])
})

test('what lies before the window is not told again', async () => {
  const { touches, time, asked } = world()
  await touches.note(alice)
  time.elapsedMs += 15_000
  await touches.note(bob)
  time.elapsedMs += 6_000
  await touches.retell()
  expect(asked.at(-1)).toMatchObject([{ userId: bob, agoMs: 6_000 }])
})

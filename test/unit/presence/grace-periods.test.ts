import { expect, test } from 'vitest'
import { createGracePeriods } from '../../../src/presence/grace-periods.ts'
import type { GracePeriod, WatchedEdge } from '../../../src/presence/store/presence-store.ts'
import { captureLog } from '../../harness/fixtures/captured-log.ts'
import { alice, bob, carol } from '../../harness/fixtures/chat-events.ts'

/** Grace periods with a fake store in which all users are offline. */
function world() {
  const state = { elapsedMs: 0, isDown: false }
  const written: (readonly GracePeriod[])[] = []
  const published: string[] = []
  const gracePeriods = createGracePeriods({
    store: {
      async grantGracePeriods(some) {
        if (state.isDown) throw new Error('The store is down')
        written.push(some)
        return some.map(({ userId }): WatchedEdge => {
          return {
            edge: { userId, online: null, isInGracePeriod: true, lastSeenAt: null, asOf: 1 },
            watchers: [],
          }
        })
      },
    },
    publishEdges: async (edges) => void published.push(...edges.map(({ edge }) => edge.userId)),
    elapsedMs: () => state.elapsedMs,
    logger: captureLog().logger,
  })
  return { gracePeriods, state, written, published }
}

test('a grace period lasts until the retry plus two seconds, and its edge is published', async () => {
  const { gracePeriods, written, published } = world()
  gracePeriods.grant(alice, 5_000)
  await gracePeriods.drained()
  expect(written).toEqual([[{ userId: alice, forMs: 7_000 }]])
  expect(published).toEqual([alice])
})

test('several grace periods of one user at once become one, the longest', async () => {
  const { gracePeriods, written } = world()
  gracePeriods.grant(alice, 9_000)
  gracePeriods.grant(bob, 5_000)
  gracePeriods.grant(alice, 6_000)
  await gracePeriods.drained()
  expect(written).toEqual([
    [
      { userId: alice, forMs: 11_000 },
      { userId: bob, forMs: 7_000 },
    ],
  ])
})

test('a replay covers the grace periods that have not ended, with the time that is left', async () => {
  const { gracePeriods, state, written } = world()
  gracePeriods.grant(alice, 5_000)
  gracePeriods.grant(bob, 60_000)
  await gracePeriods.drained()
  state.elapsedMs += 8_000
  await gracePeriods.replay()
  expect(written.at(-1)).toEqual([{ userId: bob, forMs: 54_000 }])
})

test('a failed write is replayed once', async () => {
  const { gracePeriods, state, written } = world()
  state.isDown = true
  gracePeriods.grant(carol, 5_000)
  await gracePeriods.drained()
  expect([gracePeriods.needsReplay(), written]).toEqual([true, []])
  state.isDown = false
  await gracePeriods.replay()
  expect([gracePeriods.needsReplay(), written]).toEqual([false, [[{ userId: carol, forMs: 7_000 }]]])
})

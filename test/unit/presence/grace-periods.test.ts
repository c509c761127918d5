import { expect, test } from 'vitest'
import { createGracePeriods } from '../../../src/presence/grace-periods.ts'
import type { GracePeriod, WatchedEdge } from '../../../src/presence/store/presence-store.ts'
import { captureLog } from '../../harness/fixtures/captured-log.ts'
import { alice, bob, carol } from '../../harness/fixtures/chat-events.ts'

/** Excuses on their way to a store of which everybody was offline. */
function world() {
  const state = { elapsedMs: 0, isAway: false }
  const asked: (readonly GracePeriod[])[] = []
  const told: string[] = []
  const excuses = createGracePeriods({
    store: {
      async grantGracePeriods(some) {
        if (state.isAway) throw new Error('The store is away')
        asked.push(some)
        return some.map(({ userId }): WatchedEdge => {
          return { edge: { userId, online: null, isExcused: true, lastSeenAt: null, asOf: 1 }, watchers: [] }
        })
      },
    },
    publishEdges: async (edges) => void told.push(...edges.map(({ edge }) => edge.userId)),
    elapsedMs: () => state.elapsedMs,
    logger: captureLog().logger,
  })
  return { excuses, state, asked, told }
}

test('whoever is refused is excused until they may have come back, two seconds late, and that is told', async () => {
  const { excuses, asked, told } = world()
  excuses.grant(alice, 5_000)
  await excuses.drained()
  expect(asked).toEqual([[{ userId: alice, forMs: 7_000 }]])
  expect(told).toEqual([alice])
})

test('who is refused several times at once is one excuse, the longest', async () => {
  const { excuses, asked } = world()
  excuses.grant(alice, 9_000)
  excuses.grant(bob, 5_000)
  excuses.grant(alice, 6_000)
  await excuses.drained()
  expect(asked).toEqual([
    [
      { userId: alice, forMs: 11_000 },
      { userId: bob, forMs: 7_000 },
    ],
  ])
})

test('told again is who has not come back yet, for what is left', async () => {
  const { excuses, state, asked } = world()
  excuses.grant(alice, 5_000)
  excuses.grant(bob, 60_000)
  await excuses.drained()
  state.elapsedMs += 8_000
  await excuses.replay()
  expect(asked.at(-1)).toEqual([{ userId: bob, forMs: 54_000 }])
})

test('a store that could not be told is told again, once', async () => {
  const { excuses, state, asked } = world()
  state.isAway = true
  excuses.grant(carol, 5_000)
  await excuses.drained()
  expect([excuses.needsReplay(), asked]).toEqual([true, []])
  state.isAway = false
  await excuses.replay()
  expect([excuses.needsReplay(), asked]).toEqual([false, [[{ userId: carol, forMs: 7_000 }]]])
})

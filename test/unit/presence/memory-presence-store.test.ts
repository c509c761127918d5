import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { GatewayId } from '../../../src/ids.ts'
import {
  createMemoryPresence,
  createMemoryPresenceStore,
} from '../../../src/presence/store/memory-presence-store.ts'
import { type PresenceStore, SAVE_EVERY_MS, WINDOW_MS } from '../../../src/presence/store/presence-store.ts'
import type { PresenceState } from '../../../src/events/presence-state.ts'
import { alice } from '../../harness/fixtures/chat-events.ts'

/** A store with a monotonic time and a clock that the test controls. */
class World {
  elapsedMs = 5_000
  clockMs = Date.parse('2026-11-23T12:00:00.000Z')
  readonly store: PresenceStore

  constructor() {
    this.store = createMemoryPresenceStore({
      gatewayId: 'here' as GatewayId,
      presence: createMemoryPresence(),
      windowMs: WINDOW_MS,
      clock: { now: () => this.clockMs },
      elapsedMs: () => this.elapsedMs,
    })
  }

  pass(ms: number): void {
    this.elapsedMs += ms
    this.clockMs += ms
  }

  jump(ms: number): void {
    this.clockMs += ms
  }

  async record(): Promise<number> {
    return (await this.store.recordActivity([{ userId: alice, agoMs: 0 }])).cameOnline.length
  }

  async lookUp(): Promise<PresenceState> {
    const [state] = await this.store.lookUp([alice])
    return state as PresenceState
  }

  /** Sweeps once and confirms what expired. Returns whether there was anything. */
  async sweep(): Promise<boolean> {
    const { expired } = await this.store.sweep()
    await this.store.confirmExpired(expired.map(({ edge }) => edge))
    return expired.length > 0
  }
}

describe('the window', () => {
  test('is twenty seconds from the last activity, to the millisecond', async () => {
    const world = new World()
    expect(await world.record()).toBe(1)
    world.pass(15_000)
    expect(await world.record()).toBe(0)
    world.pass(19_999)
    expect(await world.lookUp()).toMatchObject({ online: true })
    expect(await world.sweep()).toBe(false)
    world.pass(1)
    expect(await world.lookUp()).toMatchObject({ online: false })
    expect(await world.sweep()).toBe(true)
    expect(await world.record()).toBe(1)
  })

  test.each([-3_600_000, -1, 1, 3_600_000])('does not change if the clock jumps by %i ms', async (jump) => {
    const world = new World()
    await world.record()
    world.pass(10_000)
    world.jump(jump)
    world.pass(9_999)
    expect(await world.lookUp()).toMatchObject({ online: true })
    world.pass(1)
    expect(await world.lookUp()).toMatchObject({ online: false })
    expect(await world.sweep()).toBe(true)
  })
})

test('lastSeenAt never goes back, whatever the clock and the user do', async () => {
  const step = fc.oneof(
    fc.record({ type: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 30_000 }) }),
    fc.record({ type: fc.constant('jump' as const), ms: fc.integer({ min: -9_000_000, max: 9_000_000 }) }),
    fc.record({ type: fc.constant('record' as const), ms: fc.constant(0) }),
    fc.record({ type: fc.constant('sweep' as const), ms: fc.constant(0) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const world = new World()
      let activeAt = -Infinity
      let lastSeen = -Infinity
      for (const { type, ms } of steps) {
        if (type === 'pass') world.pass(ms)
        if (type === 'jump') world.jump(ms)
        if (type === 'record') activeAt = world.elapsedMs
        if (type === 'record') await world.record()
        if (type === 'sweep') await world.sweep()
        const { online, lastSeenAt } = await world.lookUp()
        expect(online).toBe(world.elapsedMs - activeAt < WINDOW_MS)
        expect(lastSeenAt?.getTime() ?? -Infinity).toBeGreaterThanOrEqual(lastSeen)
        lastSeen = lastSeenAt?.getTime() ?? -Infinity
      }
    }),
    { numRuns: 200 },
  )
})

describe('saving', () => {
  test('returns the last activity of an online user once a minute', async () => {
    const world = new World()
    await world.record()
    for (let passedMs = 0; passedMs < SAVE_EVERY_MS; passedMs += 10_000) {
      expect((await world.store.sweep()).unsaved).toEqual([])
      world.pass(10_000)
      await world.record()
    }
    const { unsaved } = await world.store.sweep()
    expect(unsaved).toEqual([{ userId: alice, lastSeenAt: new Date(world.clockMs) }])
    world.pass(5_000)
    await world.record()
    await world.store.markSaved(unsaved)
    const newer = (await world.store.sweep()).unsaved
    expect(newer).toEqual([{ userId: alice, lastSeenAt: new Date(world.clockMs) }])
    await world.store.markSaved(newer)
    expect((await world.store.sweep()).unsaved).toEqual([])
    world.pass(15_000)
    await world.record()
    expect((await world.store.sweep()).unsaved).toEqual([])
    world.pass(60_000)
    expect((await world.store.sweep()).unsaved).toHaveLength(1)
  })

  test('returns all unsaved activities when the process stops', async () => {
    const world = new World()
    await world.record()
    expect(await world.store.close()).toEqual([{ userId: alice, lastSeenAt: new Date(world.clockMs) }])
  })
})

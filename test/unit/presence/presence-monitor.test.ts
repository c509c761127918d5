import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { GatewayId } from '../../../src/ids.ts'
import { createPresenceMonitor, type PresenceMonitor } from '../../../src/presence/presence-monitor.ts'
import {
  createMemoryPresence,
  createMemoryPresenceStore,
} from '../../../src/presence/store/memory-presence-store.ts'
import type { PresenceStore } from '../../../src/presence/store/presence-store.ts'
import { captureLog } from '../../harness/fixtures/captured-log.ts'
import { EventQueue } from '../../harness/fixtures/event-queue.ts'
import { alice } from '../../harness/fixtures/chat-events.ts'

const STEPS = { nothing: 'unknown', online: 'known in part', everything: 'known' } as const

/** A monitor whose time passes when told so, or by a real clock, and the steps that it takes, in order. */
class World implements AsyncDisposable {
  elapsedMs = 0
  isPaused = false
  readonly steps = new EventQueue<string>()
  readonly store: PresenceStore
  readonly monitor: PresenceMonitor
  /** What the store's next sweeps do instead. */
  hasLostState = false
  isAway = false
  /** Whether it could not be told of what somebody did. */
  isBehind = false
  hang: (() => Promise<void>) | undefined

  constructor(elapsedMs = () => this.elapsedMs) {
    const store = createMemoryPresenceStore({
      gatewayId: 'here' as GatewayId,
      presence: createMemoryPresence(),
      windowMs: 20_000,
      clock: { now: elapsedMs },
      elapsedMs,
    })
    const step = (name: string): void => this.steps.push(name)
    this.store = {
      ...store,
      sweep: async () => {
        if (this.isAway) throw new Error('The store is away')
        await this.hang?.()
        const answer = { ...(await store.sweep()), hasLostState: this.hasLostState }
        this.hasLostState = false
        step('swept')
        return answer
      },
      confirmExpired: async (edges) => {
        step('settled')
        await store.confirmExpired(edges)
      },
    }
    this.monitor = createPresenceMonitor({
      store: this.store,
      lastSeen: { save: async (seen) => seen.forEach(({ userId }) => step(`saved ${userId}`)) },
      replayables: [
        {
          needsReplay: () => this.isBehind,
          replay: async () => {
            this.isBehind = false
            step('people')
          },
          drained: async () => undefined,
        },
      ],
      subscriptions: {
        retryUncertain: () => undefined,
        refresh: () => step('recheck'),
        restart: () => step('watches'),
        setConfidence: (confidence) => step(STEPS[confidence]),
      },
      publishEdges: async (edges) => edges.forEach(({ edge }) => step(`told ${edge.userId}`)),
      isPaused: () => this.isPaused,
      windowMs: 20_000,
      elapsedMs,
      logger: captureLog().logger,
    })
    this.monitor.start()
  }

  /** The steps from here to the end of the next turn that has this one. */
  async until(last: string): Promise<string[]> {
    const from = this.steps.all.length
    await this.steps.until((all) => all.indexOf(last, from) >= 0)
    return this.steps.all.slice(from)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.monitor.stop()
  }
}

test('whoever ran out is told of first, and removed then; their last activity is saved by the next turn', async () => {
  await using world = new World()
  await world.store.recordActivity([{ userId: alice, agoMs: 0 }])
  await world.until('swept')
  world.elapsedMs += 20_000
  const steps = await world.until('saved alice')
  expect(steps.filter((step) => !['swept', 'known', 'unknown'].includes(step))).toEqual([
    'told alice',
    'settled',
    'saved alice',
  ])
})

test('a store that has forgotten is told of people first, and of watches then', async () => {
  await using world = new World()
  await world.until('swept')
  world.hasLostState = true
  expect((await world.until('watches')).filter((step) => step !== 'known')).toEqual([
    'swept',
    'people',
    'watches',
  ])
})

test('a store that could not be told of something, and has forgotten nothing, is told again of people', async () => {
  await using world = new World()
  await world.until('swept')
  world.isBehind = true
  expect((await world.until('people')).filter((step) => step !== 'known')).toEqual(['swept', 'people'])
  expect(await world.until('swept')).not.toContain('watches')
})

test('a store that could not be reached is told again, whatever it says', async () => {
  await using world = new World()
  await world.until('swept')
  world.isAway = true
  await world.until('known')
  world.elapsedMs += 2_000
  await world.until('unknown')
  expect(world.monitor.confidence()).toBe('nothing')
  world.isAway = false
  expect(await world.until('known')).toEqual(['swept', 'people', 'watches', 'known'])
  expect(world.monitor.confidence()).toBe('everything')
})

test('after half a second without an answer nothing is known, though the store is still being asked', async () => {
  await using world = new World()
  await world.until('known')
  const [asked, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  world.hang = () => {
    asked.resolve()
    return answered.promise
  }
  await asked.promise
  world.elapsedMs += 500
  expect(await world.until('unknown')).not.toContain('swept')
  answered.resolve()
  await world.until('known')
})

test('that is noticed by a real clock too, which no timer keeps to the fraction of a millisecond', async () => {
  async function hangs(afterMs: number): Promise<void> {
    await delay(afterMs)
    await using world = new World(() => performance.now())
    await world.until('known')
    const answered = Promise.withResolvers<void>()
    world.hang = () => answered.promise
    await world.until('unknown').finally(answered.resolve)
  }
  await Promise.all(Array.from({ length: 20 }, (_, index) => hangs(index * 7.3)))
})

test('after a pause it is known who is online, and who is not when a whole window has passed', async () => {
  await using world = new World()
  await world.until('known')
  world.isPaused = true
  await world.until('unknown')
  world.isPaused = false
  await world.until('known in part')
  for (const [passedMs, confidence] of [
    [19_999, 'online'],
    [1, 'everything'],
  ] as const) {
    world.elapsedMs += passedMs
    await world.until('swept')
    expect(world.monitor.confidence()).toBe(confidence)
  }
})

test('half way through the time that watches are good for, everybody who is watched is looked at', async () => {
  await using world = new World()
  await world.until('swept')
  world.elapsedMs += 299_999
  expect(await world.until('swept')).not.toContain('recheck')
  world.elapsedMs += 1
  await world.until('recheck')
})

test('a gateway that stops saves what nobody else will', async () => {
  const world = new World()
  await world.store.recordActivity([{ userId: alice, agoMs: 0 }])
  await world.monitor.stop()
  expect(world.steps.all.at(-1)).toBe('saved alice')
})

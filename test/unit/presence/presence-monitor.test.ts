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

const STEPS = { none: 'unknown', 'online-only': 'online known', full: 'known' } as const

/** A monitor on a clock of the test, or a real one. Records its steps in order. */
class World implements AsyncDisposable {
  elapsedMs = 0
  isPaused = false
  readonly steps = new EventQueue<string>()
  readonly store: PresenceStore
  readonly monitor: PresenceMonitor
  /** How the next sweeps of the store behave. */
  hasLostState = false
  isDown = false
  /** Whether a write to the store failed. */
  hasFailedWrite = false
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
        if (this.isDown) throw new Error('The store is down')
        await this.hang?.()
        const answer = { ...(await store.sweep()), hasLostState: this.hasLostState }
        this.hasLostState = false
        step('swept')
        return answer
      },
      confirmExpired: async (edges) => {
        step('confirmed')
        await store.confirmExpired(edges)
      },
    }
    this.monitor = createPresenceMonitor({
      store: this.store,
      lastSeen: { save: async (seen) => seen.forEach(({ userId }) => step(`saved ${userId}`)) },
      replayableWrites: [
        {
          needsReplay: () => this.hasFailedWrite,
          replay: async () => {
            this.hasFailedWrite = false
            step('replayed')
          },
          drained: async () => undefined,
        },
      ],
      subscriptions: {
        retryUnsure: () => undefined,
        refresh: () => step('refreshed'),
        restart: () => step('restarted'),
        setConfidence: (confidence) => step(STEPS[confidence]),
      },
      publishEdges: async (edges) => edges.forEach(({ edge }) => step(`published ${edge.userId}`)),
      isPaused: () => this.isPaused,
      windowMs: 20_000,
      elapsedMs,
      logger: captureLog().logger,
    })
    this.monitor.start()
  }

  /** Resolves with the steps from here on, when this one is among them. */
  async until(last: string): Promise<string[]> {
    const from = this.steps.all.length
    await this.steps.until((all) => all.indexOf(last, from) >= 0)
    return this.steps.all.slice(from)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.monitor.stop()
  }
}

test('an expired user is published, then confirmed, and saved by the next sweep', async () => {
  await using world = new World()
  await world.store.recordActivity([{ userId: alice, agoMs: 0 }])
  await world.until('swept')
  world.elapsedMs += 20_000
  const steps = await world.until('saved alice')
  expect(steps.filter((step) => !['swept', 'known', 'unknown'].includes(step))).toEqual([
    'published alice',
    'confirmed',
    'saved alice',
  ])
})

test('after the store lost its data, activities are replayed before users are watched again', async () => {
  await using world = new World()
  await world.until('swept')
  world.hasLostState = true
  expect((await world.until('restarted')).filter((step) => step !== 'known')).toEqual([
    'swept',
    'replayed',
    'restarted',
  ])
})

test('after a failed write, activities are replayed and the watches stay', async () => {
  await using world = new World()
  await world.until('swept')
  world.hasFailedWrite = true
  expect((await world.until('replayed')).filter((step) => step !== 'known')).toEqual(['swept', 'replayed'])
  expect(await world.until('swept')).not.toContain('restarted')
})

test('after the store was unreachable, everything is replayed', async () => {
  await using world = new World()
  await world.until('known')
  world.isDown = true
  await world.until('known')
  world.elapsedMs += 2_000
  await world.until('unknown')
  expect(world.monitor.confidence()).toBe('none')
  world.isDown = false
  expect(await world.until('known')).toEqual(['swept', 'replayed', 'restarted', 'known'])
  expect(world.monitor.confidence()).toBe('full')
})

test('after half a second without an answer nothing is known, although a sweep is in progress', async () => {
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

test('a quarter of a second after the store began to reject sweeps, nothing is known', async () => {
  await using world = new World()
  await world.until('known')
  world.isDown = true
  await world.until('known')
  world.elapsedMs += 249
  await world.until('known')
  world.elapsedMs += 1
  await world.until('unknown')
  expect(world.monitor.isStoreReachable()).toBe(false)
})

test('a store that hangs is noticed on a real clock too, although timers work in whole milliseconds', async () => {
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

test('after a pause online users are known at once, and all others after a whole window', async () => {
  await using world = new World()
  await world.until('known')
  world.isPaused = true
  await world.until('unknown')
  world.isPaused = false
  await world.until('online known')
  for (const [passedMs, confidence] of [
    [19_999, 'online-only'],
    [1, 'full'],
  ] as const) {
    world.elapsedMs += passedMs
    await world.until('swept')
    expect(world.monitor.confidence()).toBe(confidence)
  }
})

test('all watched users are refreshed after half the time for which a watch is registered', async () => {
  await using world = new World()
  await world.until('swept')
  world.elapsedMs += 299_999
  expect(await world.until('swept')).not.toContain('refreshed')
  world.elapsedMs += 1
  await world.until('refreshed')
})

test('a gateway that stops saves what no other gateway will save', async () => {
  const world = new World()
  await world.store.recordActivity([{ userId: alice, agoMs: 0 }])
  await world.monitor.stop()
  expect(world.steps.all.at(-1)).toBe('saved alice')
})

import { expect, test } from 'vitest'
import type { GatewayId, UserId } from '../../../src/ids.ts'
import type { LastSeenStore } from '../../../src/presence/last-seen-store.ts'
import type { PresenceStream } from '../../../src/presence/presence-stream.ts'
import type { Presence, PresenceState } from '../../../src/events/presence-state.ts'
import type { PresenceGrant } from '../../../src/presence/visibility-store.ts'
import {
  createMemoryPresence,
  createMemoryPresenceStore,
} from '../../../src/presence/store/memory-presence-store.ts'
import {
  createPresenceSubscriptions,
  type PresenceSubscriptions,
} from '../../../src/presence/presence-subscriptions.ts'
import { EventQueue } from '../../harness/fixtures/event-queue.ts'
import { captureLog } from '../../harness/fixtures/captured-log.ts'
import { alice, bob, carol } from '../../harness/fixtures/chat-events.ts'
import { until } from '../../contract/sessions/session-registry-contract.ts'

const SEEN = new Date('2026-11-23T09:00:00.000Z')

/** The subscriptions of one gateway over a store in memory. The test controls what the database has and allows. */
class World implements AsyncDisposable {
  readonly presence = createMemoryPresence()
  readonly store = createMemoryPresenceStore({
    gatewayId: 'here' as GatewayId,
    presence: this.presence,
    windowMs: 20_000,
    clock: { now: () => SEEN.getTime() + 1_000 },
    elapsedMs: () => 0,
  })
  readonly strangers = new Set<UserId>()
  /** How many grants the database was asked about, for each statement. */
  readonly asked: number[] = []
  /** The database answers when this resolves. */
  answering = Promise.resolve()
  /** The viewers who are tracked for a stream, and when tracking begins. */
  readonly tracked: UserId[] = []
  registered = Promise.resolve()
  /** How many more calls of the database and of the store fail. */
  failures = { database: 0, store: 0 }
  /** Whether the store knows who is offline. */
  isSure = true
  readonly #reads = new EventQueue<string>()
  readonly subscriptions: PresenceSubscriptions

  constructor() {
    const lastSeen: Pick<LastSeenStore, 'read'> = {
      read: async (userIds) => new Map(userIds.map((userId) => [userId, SEEN])),
    }
    this.subscriptions = createPresenceSubscriptions({
      store: {
        ...this.store,
        watch: async (userIds) => this.#reach('store', () => this.#watch(userIds)),
      },
      visibility: {
        allowed: async (grants) => {
          this.asked.push(grants.length)
          const allowed = this.#reach('database', () => grants.filter((grant) => this.#isAllowed(grant)))
          await this.answering
          return allowed
        },
      },
      lastSeen,
      trackUser: (viewerId) => {
        this.tracked.push(viewerId)
        return {
          registered: this.registered,
          dispose: () => void this.tracked.splice(this.tracked.indexOf(viewerId), 1),
        }
      },
      logger: captureLog().logger,
    })
  }

  async record(userId: UserId): Promise<PresenceState> {
    const {
      cameOnline: [cameOnline],
    } = await this.store.recordActivity([{ userId, agoMs: 0 }])
    return cameOnline?.edge as PresenceState
  }

  /** Resolves when the store was read once more. */
  async hasRead(): Promise<void> {
    await this.#reads.next()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.subscriptions.close()
  }

  #reach<Answer>(what: 'database' | 'store', ask: () => Answer): Answer {
    this.failures[what] -= 1
    if (this.failures[what] >= 0) throw new Error(`The ${what} is down`)
    return ask()
  }

  async #watch(userIds: readonly UserId[]): Promise<readonly PresenceState[]> {
    const states = await this.store.watch(userIds)
    this.#reads.push('read')
    return this.isSure ? states : states.map((state) => ({ ...state, online: null }))
  }

  #isAllowed({ viewerId, userId }: PresenceGrant): boolean {
    return viewerId === userId || !this.strangers.has(userId)
  }
}

async function next(stream: PresenceStream): Promise<Presence> {
  const { value } = await stream.next()
  return value as Presence
}

test('a stream starts with the present states, also if another stream watches already', async () => {
  await using world = new World()
  await world.record(alice)
  await using first = world.subscriptions.open(bob, [alice, carol])
  expect([await next(first), await next(first)]).toEqual([
    { userId: alice, online: true, lastSeenAt: new Date(SEEN.getTime() + 1_000) },
    { userId: carol, online: false, lastSeenAt: SEEN },
  ])
  await using second = world.subscriptions.open(carol, [alice])
  expect(await next(second)).toMatchObject({ userId: alice, online: true })
})

test('a user is watched as long as one stream shows them', async () => {
  await using world = new World()
  const streams = [
    world.subscriptions.open(bob, [alice]),
    world.subscriptions.open(carol, [alice, bob]),
  ] as const
  await until(async () => world.presence.watchers.size === 2)
  expect(world.subscriptions.watchedCount()).toBe(2)
  await streams[1].return()
  await until(async () => world.presence.watchers.size === 1)
  expect([...world.presence.watchers.keys()]).toEqual([alice])
  await streams[0].return()
  await until(async () => world.presence.watchers.size === 0)
  expect(world.subscriptions.watchedCount()).toBe(0)
})

test('an edge is shown only to viewers who may see the user at that moment', async () => {
  await using world = new World()
  await using atBob = world.subscriptions.open(bob, [alice, carol])
  await using atAlice = world.subscriptions.open(alice, [alice])
  await Promise.all([next(atBob), next(atAlice)])
  await next(atBob)
  world.strangers.add(alice)
  world.subscriptions.receiveEdges([await world.record(alice)])
  expect(await next(atAlice)).toMatchObject({ userId: alice, online: true })
  world.subscriptions.receiveEdges([await world.record(carol)])
  expect(await next(atBob)).toMatchObject({ userId: carol, online: true })
})

test('while the database is down the newest edge of each user waits, and is shown when it is back', async () => {
  await using world = new World()
  const { asOf } = await world.record(alice)
  await using stream = world.subscriptions.open(bob, [alice])
  expect(await next(stream)).toMatchObject({ online: true })
  world.failures.database = 2
  const lastSeenAt = new Date(SEEN.getTime() + 9_000)
  world.subscriptions.receiveEdges([{ userId: alice, online: false, lastSeenAt, asOf: asOf + 2 }])
  await until(async () => world.failures.database < 2)
  world.subscriptions.receiveEdges([{ userId: alice, online: false, lastSeenAt: SEEN, asOf: asOf + 1 }])
  expect(await next(stream)).toEqual({ userId: alice, online: false, lastSeenAt })
  expect(world.failures.database).toBeLessThan(0)
})

test('while the store is down a stream starts with lastSeenAt from the database, and shows the rest when it is back', async () => {
  await using world = new World()
  world.failures.store = 2
  await world.record(alice)
  await using stream = world.subscriptions.open(bob, [alice])
  expect(await next(stream)).toEqual({ userId: alice, online: null, lastSeenAt: SEEN })
  expect(await next(stream)).toMatchObject({ online: true })
})

test('a refresh finds an edge that was lost', async () => {
  await using world = new World()
  await using stream = world.subscriptions.open(bob, [alice])
  expect(await next(stream)).toMatchObject({ online: false })
  await world.record(alice)
  world.subscriptions.refresh()
  expect(await next(stream)).toMatchObject({ online: true })
})

test('a viewer who loses access is shown unknown, and the present state when they regain it', async () => {
  await using world = new World()
  await world.record(alice)
  await using his = world.subscriptions.open(bob, [alice])
  await using hers = world.subscriptions.open(carol, [alice, carol])
  expect(await next(his)).toMatchObject({ online: true })
  expect([await next(hers), await next(hers)]).toMatchObject([{ online: true }, { userId: carol }])

  world.strangers.add(alice)
  world.subscriptions.reviewAccess([bob])
  expect(await next(his)).toMatchObject({ userId: alice, online: null })
  world.subscriptions.reviewAccess([alice])
  expect(await next(hers)).toMatchObject({ userId: alice, online: null })

  world.strangers.delete(alice)
  world.subscriptions.reviewAccess([alice])
  expect([await next(his), await next(hers)]).toMatchObject([{ online: true }, { online: true }])
})

test('a check that began before a viewer lost access shows nothing after the review', async () => {
  await using world = new World()
  await using stream = world.subscriptions.open(bob, [alice])
  await next(stream)
  const answered = Promise.withResolvers<void>()
  world.answering = answered.promise
  world.subscriptions.receiveEdges([await world.record(alice)])
  await until(async () => world.asked.length === 2)
  world.answering = Promise.resolve()
  world.strangers.add(alice)
  world.subscriptions.reviewAccess([bob])
  await new Promise(setImmediate)
  answered.resolve()
  await until(async () => world.asked.length === 3)
  await new Promise(setImmediate)
  expect(await next(stream)).toMatchObject({ online: null })
})

test('a statement checks a bounded number of grants, however many viewers watch', async () => {
  await using world = new World()
  const viewers = Array.from({ length: 2_500 }, (_, index) => `viewer-${index}` as UserId)
  const streams = viewers.map((viewer) => world.subscriptions.open(viewer, [alice]))
  const shown = await Promise.all(streams.map(next))
  expect(shown.filter(({ online }) => online === false)).toHaveLength(2_500)
  expect(Math.max(...world.asked)).toBe(2_000)
  expect(world.asked.reduce((sum, count) => sum + count, 0)).toBe(2_500)
})

test('a viewer is tracked before the first read, and as long as the stream is open', async () => {
  await using world = new World()
  const registered = Promise.withResolvers<void>()
  world.registered = registered.promise
  const stream = world.subscriptions.open(bob, [alice])
  expect(world.tracked).toEqual([bob])
  world.strangers.add(alice)
  registered.resolve()
  await world.hasRead()
  world.strangers.delete(alice)
  world.subscriptions.reviewAccess([bob])
  expect(await next(stream)).toMatchObject({ userId: alice, online: false })
  await stream.return()
  expect(world.tracked).toEqual([])
})

test('while nothing is known edges show nothing, and afterwards the present states are shown', async () => {
  await using world = new World()
  await using stream = world.subscriptions.open(bob, [alice])
  await next(stream)
  world.subscriptions.setConfidence('none')
  expect(await next(stream)).toEqual({ userId: alice, online: null, lastSeenAt: SEEN })
  world.subscriptions.receiveEdges([await world.record(alice)])
  await using late = world.subscriptions.open(carol, [alice])
  expect(await next(late)).toMatchObject({ online: null })
  world.subscriptions.setConfidence('full')
  expect(await next(stream)).toMatchObject({ online: true })
  expect(await next(late)).toMatchObject({ online: true })
})

test('while only online users are known, an edge to offline is shown as unknown at once', async () => {
  await using world = new World()
  const online = await world.record(alice)
  await using stream = world.subscriptions.open(bob, [alice, carol])
  expect([await next(stream), await next(stream)]).toMatchObject([{ online: true }, { online: false }])
  world.subscriptions.setConfidence('none')
  expect([await next(stream), await next(stream)]).toMatchObject([{ online: null }, { online: null }])
  world.subscriptions.setConfidence('online-only')
  expect(await next(stream)).toMatchObject({ userId: alice, online: true })
  world.subscriptions.receiveEdges([{ ...online, online: false, asOf: online.asOf + 1 }])
  expect(await next(stream)).toMatchObject({ userId: alice, online: null })
  world.subscriptions.receiveEdges([{ ...online, asOf: online.asOf + 2 }])
  expect(await next(stream)).toMatchObject({ userId: alice, online: true })
  world.subscriptions.setConfidence('full')
  expect(await next(stream)).toMatchObject({ userId: carol, online: false })
})

test('a user is no longer shown as online if the store is unsure about them twice in a row', async () => {
  await using world = new World()
  await world.record(alice)
  await using stream = world.subscriptions.open(bob, [alice, carol])
  expect([await next(stream), await next(stream)]).toMatchObject([{ online: true }, { online: false }])
  await world.hasRead()
  let shown: Presence | undefined
  const showing = next(stream).then((presence) => (shown = presence))
  world.isSure = false
  world.subscriptions.restart()
  await world.hasRead()
  world.isSure = true
  world.subscriptions.retryUnsure()
  await world.hasRead()
  expect(shown).toBeUndefined()
  world.isSure = false
  world.subscriptions.restart()
  await world.hasRead()
  world.subscriptions.retryUnsure()
  expect(await showing).toMatchObject({ userId: alice, online: null })
  world.isSure = true
  world.subscriptions.retryUnsure()
  expect(await next(stream)).toMatchObject({ userId: alice, online: true })
})

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

/** The streams of one gateway, over a store in memory; what the database knows and allows is up to the test. */
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
  /** How many sights the database was asked about, each time. */
  readonly asked: number[] = []
  /** Its answer takes until this is over. */
  judging = Promise.resolve()
  /** Whose chats are followed for a stream of theirs, and when that begins. */
  readonly followed: UserId[] = []
  attached = Promise.resolve()
  /** How many more times the database, and the store, are away. */
  failures = { database: 0, store: 0 }
  /** Whether the store knows who is online. */
  isSure = true
  readonly #looks = new EventQueue<string>()
  readonly watching: PresenceSubscriptions

  constructor() {
    const lastSeen: Pick<LastSeenStore, 'read'> = {
      read: async (userIds) => new Map(userIds.map((userId) => [userId, SEEN])),
    }
    this.watching = createPresenceSubscriptions({
      store: {
        ...this.store,
        watch: async (userIds) => this.#reach('store', () => this.#watch(userIds)),
      },
      visibility: {
        allowed: async (sights) => {
          this.asked.push(sights.length)
          const allowed = this.#reach('database', () => sights.filter((sight) => this.#isAllowed(sight)))
          await this.judging
          return allowed
        },
      },
      lastSeen,
      follow: (viewerId) => {
        this.followed.push(viewerId)
        return {
          attached: this.attached,
          leave: () => void this.followed.splice(this.followed.indexOf(viewerId), 1),
        }
      },
      logger: captureLog().logger,
    })
  }

  async touch(userId: UserId): Promise<PresenceState> {
    const {
      cameOnline: [came],
    } = await this.store.recordActivity([{ userId, agoMs: 0 }])
    return came?.edge as PresenceState
  }

  /** Resolves when people were looked at once more. */
  async looked(): Promise<void> {
    await this.#looks.next()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.watching.close()
  }

  #reach<Answer>(what: 'database' | 'store', ask: () => Answer): Answer {
    this.failures[what] -= 1
    if (this.failures[what] >= 0) throw new Error(`The ${what} is away`)
    return ask()
  }

  async #watch(userIds: readonly UserId[]): Promise<readonly PresenceState[]> {
    const sightings = await this.store.watch(userIds)
    this.#looks.push('looked')
    return this.isSure ? sightings : sightings.map((sighting) => ({ ...sighting, online: null }))
  }

  #isAllowed({ viewerId, userId }: PresenceGrant): boolean {
    return viewerId === userId || !this.strangers.has(userId)
  }
}

async function next(stream: PresenceStream): Promise<Presence> {
  const { value } = await stream.next()
  return value as Presence
}

test('a stream begins with how things are, whoever else watches already', async () => {
  await using world = new World()
  await world.touch(alice)
  await using first = world.watching.open(bob, [alice, carol])
  expect([await next(first), await next(first)]).toEqual([
    { userId: alice, online: true, lastSeenAt: new Date(SEEN.getTime() + 1_000) },
    { userId: carol, online: false, lastSeenAt: SEEN },
  ])
  await using second = world.watching.open(carol, [alice])
  expect(await next(second)).toMatchObject({ userId: alice, online: true })
})

test('somebody is watched as long as one stream tells of them, and no longer', async () => {
  await using world = new World()
  const streams = [world.watching.open(bob, [alice]), world.watching.open(carol, [alice, bob])] as const
  await until(async () => world.presence.watchers.size === 2)
  expect(world.watching.watchedCount()).toBe(2)
  await streams[1].return()
  await until(async () => world.presence.watchers.size === 1)
  expect([...world.presence.watchers.keys()]).toEqual([alice])
  await streams[0].return()
  await until(async () => world.presence.watchers.size === 0)
  expect(world.watching.watchedCount()).toBe(0)
})

test('an edge is told to those who may see it at that moment, and to nobody else', async () => {
  await using world = new World()
  await using atBob = world.watching.open(bob, [alice, carol])
  await using atAlice = world.watching.open(alice, [alice])
  await Promise.all([next(atBob), next(atAlice)])
  await next(atBob)
  world.strangers.add(alice)
  world.watching.receiveEdges([await world.touch(alice)])
  expect(await next(atAlice)).toMatchObject({ userId: alice, online: true })
  world.watching.receiveEdges([await world.touch(carol)])
  expect(await next(atBob)).toMatchObject({ userId: carol, online: true })
})

test('while the database is away edges wait, the newest of each person, and are told when it is back', async () => {
  await using world = new World()
  const { asOf } = await world.touch(alice)
  await using stream = world.watching.open(bob, [alice])
  expect(await next(stream)).toMatchObject({ online: true })
  world.failures.database = 2
  const lastSeenAt = new Date(SEEN.getTime() + 9_000)
  world.watching.receiveEdges([{ userId: alice, online: false, lastSeenAt, asOf: asOf + 2 }])
  await until(async () => world.failures.database < 2)
  world.watching.receiveEdges([{ userId: alice, online: false, lastSeenAt: SEEN, asOf: asOf + 1 }])
  expect(await next(stream)).toEqual({ userId: alice, online: false, lastSeenAt })
  expect(world.failures.database).toBeLessThan(0)
})

test('where the store is away a stream begins with what is known for good, and is told the rest when it is back', async () => {
  await using world = new World()
  world.failures.store = 2
  await world.touch(alice)
  await using stream = world.watching.open(bob, [alice])
  expect(await next(stream)).toEqual({ userId: alice, online: null, lastSeenAt: SEEN })
  expect(await next(stream)).toMatchObject({ online: true })
})

test('an edge that nobody told is found by looking again', async () => {
  await using world = new World()
  await using stream = world.watching.open(bob, [alice])
  expect(await next(stream)).toMatchObject({ online: false })
  await world.touch(alice)
  world.watching.refresh()
  expect(await next(stream)).toMatchObject({ online: true })
})

test('whoever may not see somebody any more is told that nothing is known, and how things are when they may again', async () => {
  await using world = new World()
  await world.touch(alice)
  await using his = world.watching.open(bob, [alice])
  await using hers = world.watching.open(carol, [alice, carol])
  expect(await next(his)).toMatchObject({ online: true })
  expect([await next(hers), await next(hers)]).toMatchObject([{ online: true }, { userId: carol }])

  world.strangers.add(alice)
  world.watching.reviewAccess([bob])
  expect(await next(his)).toMatchObject({ userId: alice, online: null })
  world.watching.reviewAccess([alice])
  expect(await next(hers)).toMatchObject({ userId: alice, online: null })

  world.strangers.delete(alice)
  world.watching.reviewAccess([alice])
  expect([await next(his), await next(hers)]).toMatchObject([{ online: true }, { online: true }])
})

test('what was judged before somebody was removed is not told afterwards', async () => {
  await using world = new World()
  await using stream = world.watching.open(bob, [alice])
  await next(stream)
  const judged = Promise.withResolvers<void>()
  world.judging = judged.promise
  world.watching.receiveEdges([await world.touch(alice)])
  await until(async () => world.asked.length === 2)
  world.judging = Promise.resolve()
  world.strangers.add(alice)
  world.watching.reviewAccess([bob])
  await new Promise(setImmediate)
  judged.resolve()
  await until(async () => world.asked.length === 3)
  await new Promise(setImmediate)
  expect(await next(stream)).toMatchObject({ online: null })
})

test('however many watch, the database is asked about a bounded number at a time', async () => {
  await using world = new World()
  const viewers = Array.from({ length: 2_500 }, (_, index) => `viewer-${index}` as UserId)
  const streams = viewers.map((viewer) => world.watching.open(viewer, [alice]))
  const told = await Promise.all(streams.map(next))
  expect(told.filter(({ online }) => online === false)).toHaveLength(2_500)
  expect(Math.max(...world.asked)).toBe(2_000)
  expect(world.asked.reduce((sum, count) => sum + count, 0)).toBe(2_500)
})

test('the chats of whoever watches are followed before the first look, and as long as they watch', async () => {
  await using world = new World()
  const attached = Promise.withResolvers<void>()
  world.attached = attached.promise
  const stream = world.watching.open(bob, [alice])
  expect(world.followed).toEqual([bob])
  world.strangers.add(alice)
  attached.resolve()
  await world.looked()
  world.strangers.delete(alice)
  world.watching.reviewAccess([bob])
  expect(await next(stream)).toMatchObject({ userId: alice, online: false })
  await stream.return()
  expect(world.followed).toEqual([])
})

test('while it is not known who is online edges say nothing, and afterwards all is told as it is', async () => {
  await using world = new World()
  await using stream = world.watching.open(bob, [alice])
  await next(stream)
  world.watching.setConfidence('nothing')
  expect(await next(stream)).toEqual({ userId: alice, online: null, lastSeenAt: SEEN })
  world.watching.receiveEdges([await world.touch(alice)])
  await using late = world.watching.open(carol, [alice])
  expect(await next(late)).toMatchObject({ online: null })
  world.watching.setConfidence('everything')
  expect(await next(stream)).toMatchObject({ online: true })
  expect(await next(late)).toMatchObject({ online: true })
})

test('while it is known of those who are online alone, nobody is told to be offline, but unknown, and that at once', async () => {
  await using world = new World()
  const online = await world.touch(alice)
  await using stream = world.watching.open(bob, [alice, carol])
  expect([await next(stream), await next(stream)]).toMatchObject([{ online: true }, { online: false }])
  world.watching.setConfidence('nothing')
  expect([await next(stream), await next(stream)]).toMatchObject([{ online: null }, { online: null }])
  world.watching.setConfidence('online')
  expect(await next(stream)).toMatchObject({ userId: alice, online: true })
  world.watching.receiveEdges([{ ...online, online: false, asOf: online.asOf + 1 }])
  expect(await next(stream)).toMatchObject({ userId: alice, online: null })
  world.watching.receiveEdges([{ ...online, asOf: online.asOf + 2 }])
  expect(await next(stream)).toMatchObject({ userId: alice, online: true })
  world.watching.setConfidence('everything')
  expect(await next(stream)).toMatchObject({ userId: carol, online: false })
})

test('of whom a store that has forgotten is not sure twice they are not taken for online any more', async () => {
  await using world = new World()
  await world.touch(alice)
  await using stream = world.watching.open(bob, [alice, carol])
  expect([await next(stream), await next(stream)]).toMatchObject([{ online: true }, { online: false }])
  await world.looked()
  let told: Presence | undefined
  const telling = next(stream).then((presence) => (told = presence))
  world.isSure = false
  world.watching.restart()
  await world.looked()
  world.isSure = true
  world.watching.retryUncertain()
  await world.looked()
  expect(told).toBeUndefined()
  world.isSure = false
  world.watching.restart()
  await world.looked()
  world.watching.retryUncertain()
  expect(await telling).toMatchObject({ userId: alice, online: null })
  world.isSure = true
  world.watching.retryUncertain()
  expect(await next(stream)).toMatchObject({ userId: alice, online: true })
})

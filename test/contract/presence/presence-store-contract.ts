import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { GatewayId, UserId } from '../../../src/ids.ts'
import type { PresenceStore, WatchedEdge } from '../../../src/presence/store/presence-store.ts'
import { alice, bob, carol, range } from '../../harness/fixtures/chat-events.ts'
import { until } from '../sessions/session-registry-contract.ts'

/** Gateways that share one presence store. `add` connects another gateway. */
export type PresenceWorld = AsyncDisposable & Readonly<{ add(name: string): Promise<PresenceStore> }>

type CreateWorld = () => PresenceWorld | Promise<PresenceWorld>

/** Short, so that tests see it end. Long enough for a busy machine to read a state before it does. */
export const WINDOW_MS = 600

export const [east, west] = ['east', 'west.eu-1_A'] as [GatewayId, GatewayId]

/** The laws of the port, as tests of one implementation. */
export function presenceStoreContract(name: string, createWorld: CreateWorld): void {
  describe(`${name}: online users`, () => {
    onlineLaws(createWorld)
  })
  describe(`${name}: expired users`, () => {
    sweepLaws(createWorld)
  })
  describe(`${name}: grace periods`, () => {
    gracePeriodLaws(createWorld)
  })
  describe(`${name}: saving`, () => {
    savingLaws(createWorld)
  })
  describe(`${name}: watchers`, () => {
    watcherLaws(createWorld)
  })
}

function onlineLaws(createWorld: CreateWorld): void {
  test('an active user comes online, which is returned once and visible to the other gateway', async () => {
    await using world = await createWorld()
    const [here, there] = [await world.add(east), await world.add(west)]
    const before = Date.now()
    expect(idsOf(await record(here, alice))).toEqual([alice])
    expect(await record(there, alice)).toEqual([])
    const [state] = await there.lookUp([alice])
    expect(state).toMatchObject({ userId: alice, online: true })
    expect(state?.lastSeenAt?.getTime()).toBeGreaterThanOrEqual(before - 1)
    expect(state?.lastSeenAt?.getTime()).toBeLessThanOrEqual(Date.now())
  })

  test('activity through several gateways at once returns one edge', async () => {
    await using world = await createWorld()
    const [here, there] = [await world.add(east), await world.add(west)]
    const edges = await Promise.all(range(1, 10).map((number) => record(number % 2 ? here : there, bob)))
    expect(edges.flatMap(idsOf)).toEqual([bob])
  })

  test('after the window a user is offline, and lastSeenAt is their last activity', async () => {
    await using world = await createWorld()
    const here = await world.add(east)
    await record(here, alice)
    const [online] = await here.lookUp([alice])
    await until(async () => (await here.lookUp([alice]))[0]?.online === false)
    const [offline] = await here.lookUp([alice])
    expect(offline?.lastSeenAt).toEqual(online?.lastSeenAt)
    expect(offline?.asOf).toBeGreaterThanOrEqual(online?.asOf ?? NaN)
  })

  test('an earlier activity keeps a user online only for the rest of its window', async () => {
    await using world = await createWorld()
    const here = await world.add(east)
    const startedAt = performance.now()
    await here.recordActivity([{ userId: alice, agoMs: WINDOW_MS / 2 }])
    expect(await here.lookUp([alice])).toMatchObject([{ online: true }])
    await until(async () => (await here.lookUp([alice]))[0]?.online !== true)
    expect(performance.now() - startedAt).toBeLessThan(WINDOW_MS * 0.9)
  })

  test('an activity that is older than the window brings no user online, and is unsaved at once', async () => {
    await using world = await createWorld()
    const here = await world.add(east)
    const { cameOnline, lastSeen } = await here.recordActivity([{ userId: alice, agoMs: WINDOW_MS + 1 }])
    expect([cameOnline, lastSeen]).toMatchObject([[], [{ userId: alice }]])
    const [state] = await here.lookUp([alice])
    expect(state?.online).not.toBe(true)
    expect(Date.now() - (state?.lastSeenAt?.getTime() ?? 0)).toBeGreaterThanOrEqual(WINDOW_MS)
    const lastSeenAt = state?.lastSeenAt
    expect((await here.sweep()).unsaved).toEqual([{ userId: alice, lastSeenAt }])
  })

  test('recording returns the last activity of every user, and a replay never moves it back', async () => {
    await using world = await createWorld()
    const here = await world.add(east)
    const activities = [alice, bob].map((userId) => ({ userId, agoMs: 40 }))
    const { lastSeen: seen } = await here.recordActivity(activities)
    expect(seen.toSorted((a, b) => a.userId.localeCompare(b.userId))).toMatchObject(
      (await here.lookUp([alice, bob])).map(({ userId, lastSeenAt }) => ({ userId, lastSeenAt })),
    )
    const lastSeenAt = new Date(Date.now() + 5)
    await here.recordActivity([{ userId: alice, agoMs: 40, lastSeenAt }])
    expect(await here.lookUp([alice])).toMatchObject([{ online: true, lastSeenAt }])
  })

  test('an activity that arrives late moves nothing back', async () => {
    await using world = await createWorld()
    const here = await world.add(east)
    await record(here, alice)
    const [before] = await here.lookUp([alice])
    await here.recordActivity([{ userId: alice, agoMs: WINDOW_MS - 50 }])
    await delay(60)
    expect(await here.lookUp([alice])).toMatchObject([{ online: true, lastSeenAt: before?.lastSeenAt }])
  })

  test('a thousand users with odd names are recorded and looked up at once', async () => {
    await using world = await createWorld()
    const here = await world.add(east)
    const odd = ['{5}', '}{', '*', ' ', 'clock', '👩‍👩‍👧', '__proto__', '-inf', '7', 'x'.repeat(255)]
    const userIds = [...odd, ...range(1, 1_000).map((number) => `user ${number}`)] as UserId[]
    const { cameOnline } = await here.recordActivity(userIds.map((userId) => ({ userId, agoMs: 0 })))
    expect(new Set(idsOf(cameOnline))).toEqual(new Set(userIds))
    const states = await here.lookUp(userIds)
    expect(states).toHaveLength(userIds.length)
    expect(states.every(({ online, lastSeenAt }) => online === true && lastSeenAt !== null)).toBe(true)
  })
}

function sweepLaws(createWorld: CreateWorld): void {
  test('an expired user is returned by every sweep until it is confirmed', async () => {
    await using world = await createWorld()
    const here = await world.add(east)
    await record(here, alice)
    expect((await here.sweep()).expired).toEqual([])
    await until(async () => (await here.sweep()).expired.length > 0)
    const { expired } = await here.sweep()
    expect(expired.map(({ edge }) => edge)).toMatchObject([{ userId: alice, online: false }])
    await here.confirmExpired(expired.map(({ edge }) => edge))
    expect((await here.sweep()).expired).toEqual([])
  })

  test('a user who comes back before the confirmation stays online, and their edge is newer', async () => {
    await using world = await createWorld()
    const here = await world.add(east)
    await record(here, alice)
    await until(async () => (await here.sweep()).expired.length > 0)
    const { expired } = await here.sweep()
    const [back] = await record(here, alice)
    await here.confirmExpired(expired.map(({ edge }) => edge))
    expect(await here.lookUp([alice])).toMatchObject([{ online: true }])
    expect(back?.edge.asOf).toBeGreaterThan(expired[0]?.edge.asOf ?? NaN)
    await until(async () => (await here.sweep()).expired.length > 0)
  })

  test('every expired user is returned to at least one gateway', async () => {
    await using world = await createWorld()
    const [here, there] = [await world.add(east), await world.add(west)]
    await Promise.all([here.sweep(), there.sweep()])
    const userIds = range(1, 200).map((number) => `user ${number}` as UserId)
    await here.recordActivity(userIds.map((userId) => ({ userId, agoMs: 0 })))
    const found = new Set<UserId>()
    await until(async () => {
      for (const store of [here, there]) for (const id of idsOf((await store.sweep()).expired)) found.add(id)
      return found.size === userIds.length
    })
  })

  test('a gateway that closes hands its sweeps over to another at once', async () => {
    await using world = await createWorld()
    const [here, there] = [await world.add(east), await world.add(west)]
    await here.sweep()
    await here.recordActivity([{ userId: alice, agoMs: WINDOW_MS - 10 }])
    await here.close()
    await delay(20)
    expect(idsOf((await there.sweep()).expired)).toEqual([alice])
  })
}

function gracePeriodLaws(createWorld: CreateWorld): void {
  test('a user in a grace period stays online for the window, then is unknown, and offline when it ends', async () => {
    await using world = await createWorld()
    const [here, there] = [await world.add(east), await world.add(west)]
    await there.watch([alice])
    await record(here, alice)
    expect(await here.grantGracePeriods([{ userId: alice, forMs: 2 * WINDOW_MS }])).toEqual([])
    expect(await there.lookUp([alice])).toMatchObject([{ online: true }])
    const unknown = await nextEdge(here)
    expect(unknown).toMatchObject({ edge: { online: null, isInGracePeriod: true }, watchers: [west] })
    expect(await there.lookUp([alice])).toMatchObject([{ online: null, isInGracePeriod: true }])
    expect(await there.watch([alice])).toMatchObject([{ online: null, isInGracePeriod: true }])
    await here.confirmExpired([unknown.edge])
    const offline = await nextEdge(here)
    expect(offline).toMatchObject({ edge: { online: false }, watchers: [west] })
    expect(offline.edge.asOf).toBeGreaterThan(unknown.edge.asOf)
    await here.confirmExpired([offline.edge])
    expect((await here.sweep()).expired).toEqual([])
  })

  test('an offline user becomes unknown when the grace period starts, which is returned once', async () => {
    await using world = await createWorld()
    const [here, there] = [await world.add(east), await world.add(west)]
    await there.watch([bob])
    const [unknown, ...others] = await here.grantGracePeriods([{ userId: bob, forMs: WINDOW_MS }])
    expect(unknown).toMatchObject({
      edge: { userId: bob, online: null, isInGracePeriod: true },
      watchers: [west],
    })
    expect(others).toEqual([])
    expect(await there.grantGracePeriods([{ userId: bob, forMs: WINDOW_MS }])).toEqual([])
    expect((await here.sweep()).expired).toEqual([])
    expect(await nextEdge(here)).toMatchObject({ edge: { userId: bob, online: false } })
  })

  test('a user who comes back is online, and the end of the grace period is no edge', async () => {
    await using world = await createWorld()
    const here = await world.add(east)
    const [unknown] = await here.grantGracePeriods([{ userId: alice, forMs: WINDOW_MS / 4 }])
    const [online] = await record(here, alice)
    expect(online).toMatchObject({ edge: { online: true } })
    expect(online?.edge.asOf).toBeGreaterThan(unknown?.edge.asOf ?? NaN)
    await delay(WINDOW_MS / 4 + 20)
    expect((await here.sweep()).expired).toEqual([])
    expect(await nextEdge(here)).toMatchObject({ edge: { online: false } })
  })

  test('a grace period is extended and never shortened, also while its end is being published', async () => {
    await using world = await createWorld()
    const here = await world.add(east)
    await here.grantGracePeriods([{ userId: alice, forMs: 10_000 }])
    await here.grantGracePeriods([{ userId: alice, forMs: 1 }])
    await here.grantGracePeriods([{ userId: bob, forMs: 1 }])
    await delay(5)
    const inGracePeriod = (await here.lookUp([alice, bob])).filter(
      ({ isInGracePeriod = false }) => isInGracePeriod,
    )
    expect(inGracePeriod).toMatchObject([{ userId: alice, online: null }])
    const offline = await nextEdge(here)
    expect(idsOf(await here.grantGracePeriods([{ userId: bob, forMs: 10_000 }]))).toEqual([bob])
    await here.confirmExpired([offline.edge])
    expect(await here.lookUp([bob])).toMatchObject([{ online: null, isInGracePeriod: true }])
  })
}

function savingLaws(createWorld: CreateWorld): void {
  test('an offline user is unsaved until saved, and then dropped', async () => {
    await using world = await createWorld()
    const here = await world.add(east)
    await record(here, alice)
    expect((await here.sweep()).unsaved).toEqual([])
    await confirmAll(here)
    const [seen] = await here.lookUp([alice])
    const { unsaved } = await here.sweep()
    expect(unsaved).toEqual([{ userId: alice, lastSeenAt: seen?.lastSeenAt }])
    await here.markSaved(unsaved)
    expect((await here.sweep()).unsaved).toEqual([])
    expect(await here.lookUp([alice])).toMatchObject([{ lastSeenAt: null }])
  })

  test('a user who comes back during the save is kept', async () => {
    await using world = await createWorld()
    const here = await world.add(east)
    await record(here, alice)
    await confirmAll(here)
    const { unsaved } = await here.sweep()
    await record(here, alice)
    await here.markSaved(unsaved)
    const [state] = await here.lookUp([alice])
    expect(state?.online).toBe(true)
    expect(state?.lastSeenAt?.getTime()).toBeGreaterThan(unsaved[0]?.lastSeenAt.getTime() ?? NaN)
  })

  test('a user who came back and left again during the save stays unsaved', async () => {
    await using world = await createWorld()
    const here = await world.add(east)
    await record(here, alice)
    await confirmAll(here)
    const { unsaved } = await here.sweep()
    await record(here, alice)
    await confirmAll(here)
    await here.markSaved(unsaved)
    const [state] = await here.lookUp([alice])
    expect(state?.lastSeenAt?.getTime()).toBeGreaterThan(unsaved[0]?.lastSeenAt.getTime() ?? NaN)
    expect((await here.sweep()).unsaved).toEqual([{ userId: alice, lastSeenAt: state?.lastSeenAt }])
  })
}

function watcherLaws(createWorld: CreateWorld): void {
  test('an edge names exactly the gateways that watch the user now', async () => {
    await using world = await createWorld()
    const [here, there] = [await world.add(east), await world.add(west)]
    await Promise.all([here.watch([alice, bob]), there.watch([alice])])
    await here.unwatch([bob])
    const { cameOnline } = await there.recordActivity(
      [alice, bob, carol].map((userId) => ({ userId, agoMs: 0 })),
    )
    expect(watchersOf(cameOnline, alice).toSorted()).toEqual([east, west])
    expect(watchersOf(cameOnline, bob)).toEqual([])
    expect(watchersOf(cameOnline, carol)).toEqual([])
  })

  test('an expired user comes with the watchers too', async () => {
    await using world = await createWorld()
    const [here, there] = [await world.add(east), await world.add(west)]
    await there.watch([alice])
    await record(here, alice)
    await until(async () => (await here.sweep()).expired.length > 0)
    expect(watchersOf((await here.sweep()).expired, alice)).toEqual([west])
  })

  test('watching returns the present states', async () => {
    await using world = await createWorld()
    const here = await world.add(east)
    await record(here, alice)
    const states = await here.watch([alice, bob])
    expect(states.find(({ userId }) => userId === alice)?.online).toBe(true)
    expect(states.find(({ userId }) => userId === bob)?.online).not.toBe(true)
  })
}

export async function record(store: PresenceStore, userId: UserId): Promise<readonly WatchedEdge[]> {
  return (await store.recordActivity([{ userId, agoMs: 0 }])).cameOnline
}

/** Waits for the next expired user. */
async function nextEdge(store: PresenceStore): Promise<WatchedEdge> {
  let found: readonly WatchedEdge[] = []
  await until(async () => (found = (await store.sweep()).expired).length > 0)
  const [edge] = found
  if (edge === undefined || found.length > 1) throw new Error(`${found.length} expired at once`)
  return edge
}

/** Waits until a user expires, and confirms it. */
async function confirmAll(store: PresenceStore): Promise<void> {
  await until(async () => (await store.sweep()).expired.length > 0)
  await store.confirmExpired((await store.sweep()).expired.map(({ edge }) => edge))
}

export function idsOf(edges: readonly WatchedEdge[]): UserId[] {
  return edges.map(({ edge }) => edge.userId)
}

function watchersOf(edges: readonly WatchedEdge[], userId: UserId): readonly GatewayId[] {
  return edges.find(({ edge }) => edge.userId === userId)?.watchers ?? []
}

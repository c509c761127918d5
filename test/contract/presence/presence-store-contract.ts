import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { GatewayId, UserId } from '../../../src/ids.ts'
import type { PresenceStore, WatchedEdge } from '../../../src/presence/store/presence-store.ts'
import { alice, bob, carol, range } from '../../harness/fixtures/chat-events.ts'
import { until } from '../sessions/session-registry-contract.ts'

/** Gateways that share what they know of people. Disposing closes what they need. */
export type PresenceWorld = AsyncDisposable & Readonly<{ add(name: string): Promise<PresenceStore> }>

type CreateWorld = () => PresenceWorld | Promise<PresenceWorld>

/** Short, so that it runs out while somebody looks; long enough for a busy machine to look before it does. */
export const WINDOW_MS = 600

export const [east, west] = ['east', 'west.eu-1_A'] as [GatewayId, GatewayId]

/** The laws of the port, for an implementation to be put to. */
export function presenceStoreContract(name: string, createWorld: CreateWorld): void {
  describe(`${name}: who is online`, () => {
    onlineLaws(createWorld)
  })
  describe(`${name}: whose window ran out`, () => {
    sweepLaws(createWorld)
  })
  describe(`${name}: who is excused`, () => {
    excuseLaws(createWorld)
  })
  describe(`${name}: what is to be saved`, () => {
    savingLaws(createWorld)
  })
  describe(`${name}: who wants to know`, () => {
    watcherLaws(createWorld)
  })
}

function onlineLaws(createWorld: CreateWorld): void {
  test('whoever is active comes online, which is answered once, and to the other gateway shows', async () => {
    await using world = await createWorld()
    const [here, there] = [await world.add(east), await world.add(west)]
    const before = Date.now()
    expect(idsOf(await touch(here, alice))).toEqual([alice])
    expect(await touch(there, alice)).toEqual([])
    const [sighting] = await there.lookUp([alice])
    expect(sighting).toMatchObject({ userId: alice, online: true })
    expect(sighting?.lastSeenAt?.getTime()).toBeGreaterThanOrEqual(before - 1)
    expect(sighting?.lastSeenAt?.getTime()).toBeLessThanOrEqual(Date.now())
  })

  test('activity through several gateways at once brings somebody online, and one of them is told', async () => {
    await using world = await createWorld()
    const [here, there] = [await world.add(east), await world.add(west)]
    const answers = await Promise.all(range(1, 10).map((number) => touch(number % 2 ? here : there, bob)))
    expect(answers.flatMap(idsOf)).toEqual([bob])
  })

  test('after the window somebody is online no more, and was last seen when they were last active', async () => {
    await using world = await createWorld()
    const here = await world.add(east)
    await touch(here, alice)
    const [online] = await here.lookUp([alice])
    await until(async () => (await here.lookUp([alice]))[0]?.online === false)
    const [offline] = await here.lookUp([alice])
    expect(offline?.lastSeenAt).toEqual(online?.lastSeenAt)
    expect(offline?.asOf).toBeGreaterThanOrEqual(online?.asOf ?? NaN)
  })

  test('activity of a while ago keeps somebody online for the rest of the window alone', async () => {
    await using world = await createWorld()
    const here = await world.add(east)
    const startedAt = performance.now()
    await here.recordActivity([{ userId: alice, agoMs: WINDOW_MS / 2 }])
    expect(await here.lookUp([alice])).toMatchObject([{ online: true }])
    await until(async () => (await here.lookUp([alice]))[0]?.online !== true)
    expect(performance.now() - startedAt).toBeLessThan(WINDOW_MS * 0.9)
  })

  test('activity from before the window makes nobody online, and is to be saved at once', async () => {
    await using world = await createWorld()
    const here = await world.add(east)
    const { cameOnline, lastSeen } = await here.recordActivity([{ userId: alice, agoMs: WINDOW_MS + 1 }])
    expect([cameOnline, lastSeen]).toMatchObject([[], [{ userId: alice }]])
    const [sighting] = await here.lookUp([alice])
    expect(sighting?.online).not.toBe(true)
    expect(Date.now() - (sighting?.lastSeenAt?.getTime() ?? 0)).toBeGreaterThanOrEqual(WINDOW_MS)
    const lastSeenAt = sighting?.lastSeenAt
    expect((await here.sweep()).unsaved).toEqual([{ userId: alice, lastSeenAt }])
  })

  test('everybody touched is answered with their last activity, and it is never called by an earlier moment again', async () => {
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

  test('activity that is heard of late moves nothing back', async () => {
    await using world = await createWorld()
    const here = await world.add(east)
    await touch(here, alice)
    const [before] = await here.lookUp([alice])
    await here.recordActivity([{ userId: alice, agoMs: WINDOW_MS - 50 }])
    await delay(60)
    expect(await here.lookUp([alice])).toMatchObject([{ online: true, lastSeenAt: before?.lastSeenAt }])
  })

  test('a thousand people, whatever their names are, are touched and looked up at once', async () => {
    await using world = await createWorld()
    const here = await world.add(east)
    const odd = ['{5}', '}{', '*', ' ', 'clock', '👩‍👩‍👧', '__proto__', '-inf', '7', 'x'.repeat(255)]
    const everybody = [...odd, ...range(1, 1_000).map((number) => `somebody ${number}`)] as UserId[]
    const { cameOnline } = await here.recordActivity(everybody.map((userId) => ({ userId, agoMs: 0 })))
    expect(new Set(idsOf(cameOnline))).toEqual(new Set(everybody))
    const sightings = await here.lookUp(everybody)
    expect(sightings).toHaveLength(everybody.length)
    expect(sightings.every(({ online, lastSeenAt }) => online === true && lastSeenAt !== null)).toBe(true)
  })
}

function sweepLaws(createWorld: CreateWorld): void {
  test('whoever ran out is answered again and again until settled, then no more', async () => {
    await using world = await createWorld()
    const here = await world.add(east)
    await touch(here, alice)
    expect((await here.sweep()).expired).toEqual([])
    await until(async () => (await here.sweep()).expired.length > 0)
    const { expired } = await here.sweep()
    expect(expired.map(({ edge }) => edge)).toMatchObject([{ userId: alice, online: false }])
    await here.confirmExpired(expired.map(({ edge }) => edge))
    expect((await here.sweep()).expired).toEqual([])
  })

  test('who comes back before it is settled stays online, and their coming is the newer edge', async () => {
    await using world = await createWorld()
    const here = await world.add(east)
    await touch(here, alice)
    await until(async () => (await here.sweep()).expired.length > 0)
    const { expired } = await here.sweep()
    const [back] = await touch(here, alice)
    await here.confirmExpired(expired.map(({ edge }) => edge))
    expect(await here.lookUp([alice])).toMatchObject([{ online: true }])
    expect(back?.edge.asOf).toBeGreaterThan(expired[0]?.edge.asOf ?? NaN)
    await until(async () => (await here.sweep()).expired.length > 0)
  })

  test('somebody ran out for one gateway at a time, or for both, and never for none', async () => {
    await using world = await createWorld()
    const [here, there] = [await world.add(east), await world.add(west)]
    await Promise.all([here.sweep(), there.sweep()])
    const everybody = range(1, 200).map((number) => `somebody ${number}` as UserId)
    await here.recordActivity(everybody.map((userId) => ({ userId, agoMs: 0 })))
    const found = new Set<UserId>()
    await until(async () => {
      for (const store of [here, there]) for (const id of idsOf((await store.sweep()).expired)) found.add(id)
      return found.size === everybody.length
    })
  })

  test('a gateway that goes leaves who runs out to another, at once', async () => {
    await using world = await createWorld()
    const [here, there] = [await world.add(east), await world.add(west)]
    await here.sweep()
    await here.recordActivity([{ userId: alice, agoMs: WINDOW_MS - 10 }])
    await here.close()
    await delay(20)
    expect(idsOf((await there.sweep()).expired)).toEqual([alice])
  })
}

function excuseLaws(createWorld: CreateWorld): void {
  test('whoever is excused is online as long as they are, unknown then, and offline when the excuse is over', async () => {
    await using world = await createWorld()
    const [here, there] = [await world.add(east), await world.add(west)]
    await there.watch([alice])
    await touch(here, alice)
    expect(await here.grantGracePeriods([{ userId: alice, forMs: 2 * WINDOW_MS }])).toEqual([])
    expect(await there.lookUp([alice])).toMatchObject([{ online: true }])
    const unknown = await nextEdge(here)
    expect(unknown).toMatchObject({ edge: { online: null, isExcused: true }, watchers: [west] })
    expect(await there.lookUp([alice])).toMatchObject([{ online: null, isExcused: true }])
    expect(await there.watch([alice])).toMatchObject([{ online: null, isExcused: true }])
    await here.confirmExpired([unknown.edge])
    const offline = await nextEdge(here)
    expect(offline).toMatchObject({ edge: { online: false }, watchers: [west] })
    expect(offline.edge.asOf).toBeGreaterThan(unknown.edge.asOf)
    await here.confirmExpired([offline.edge])
    expect((await here.sweep()).expired).toEqual([])
  })

  test('of whoever was offline it is unknown from the moment on when they are excused, which is answered once', async () => {
    await using world = await createWorld()
    const [here, there] = [await world.add(east), await world.add(west)]
    await there.watch([bob])
    const [unknown, ...others] = await here.grantGracePeriods([{ userId: bob, forMs: WINDOW_MS }])
    expect(unknown).toMatchObject({ edge: { userId: bob, online: null, isExcused: true }, watchers: [west] })
    expect(others).toEqual([])
    expect(await there.grantGracePeriods([{ userId: bob, forMs: WINDOW_MS }])).toEqual([])
    expect((await here.sweep()).expired).toEqual([])
    expect(await nextEdge(here)).toMatchObject({ edge: { userId: bob, online: false } })
  })

  test('whoever is back is online, and an excuse that ends meanwhile is no edge', async () => {
    await using world = await createWorld()
    const here = await world.add(east)
    const [unknown] = await here.grantGracePeriods([{ userId: alice, forMs: WINDOW_MS / 4 }])
    const [online] = await touch(here, alice)
    expect(online).toMatchObject({ edge: { online: true } })
    expect(online?.edge.asOf).toBeGreaterThan(unknown?.edge.asOf ?? NaN)
    await delay(WINDOW_MS / 4 + 20)
    expect((await here.sweep()).expired).toEqual([])
    expect(await nextEdge(here)).toMatchObject({ edge: { online: false } })
  })

  test('an excuse is prolonged and never shortened, also while its end is being told', async () => {
    await using world = await createWorld()
    const here = await world.add(east)
    await here.grantGracePeriods([{ userId: alice, forMs: 10_000 }])
    await here.grantGracePeriods([{ userId: alice, forMs: 1 }])
    await here.grantGracePeriods([{ userId: bob, forMs: 1 }])
    await delay(5)
    const excused = (await here.lookUp([alice, bob])).filter(({ isExcused = false }) => isExcused)
    expect(excused).toMatchObject([{ userId: alice, online: null }])
    const offline = await nextEdge(here)
    expect(idsOf(await here.grantGracePeriods([{ userId: bob, forMs: 10_000 }]))).toEqual([bob])
    await here.confirmExpired([offline.edge])
    expect(await here.lookUp([bob])).toMatchObject([{ online: null, isExcused: true }])
  })
}

function savingLaws(createWorld: CreateWorld): void {
  test('whoever is gone is unsaved until saved, and then forgotten', async () => {
    await using world = await createWorld()
    const here = await world.add(east)
    await touch(here, alice)
    expect((await here.sweep()).unsaved).toEqual([])
    await settleAll(here)
    const [seen] = await here.lookUp([alice])
    const { unsaved } = await here.sweep()
    expect(unsaved).toEqual([{ userId: alice, lastSeenAt: seen?.lastSeenAt }])
    await here.markSaved(unsaved)
    expect((await here.sweep()).unsaved).toEqual([])
    expect(await here.lookUp([alice])).toMatchObject([{ lastSeenAt: null }])
  })

  test('who comes back while it is being saved is not forgotten', async () => {
    await using world = await createWorld()
    const here = await world.add(east)
    await touch(here, alice)
    await settleAll(here)
    const { unsaved } = await here.sweep()
    await touch(here, alice)
    await here.markSaved(unsaved)
    const [sighting] = await here.lookUp([alice])
    expect(sighting?.online).toBe(true)
    expect(sighting?.lastSeenAt?.getTime()).toBeGreaterThan(unsaved[0]?.lastSeenAt.getTime() ?? NaN)
  })

  test('who came back and went again while it was being saved is unsaved still', async () => {
    await using world = await createWorld()
    const here = await world.add(east)
    await touch(here, alice)
    await settleAll(here)
    const { unsaved } = await here.sweep()
    await touch(here, alice)
    await settleAll(here)
    await here.markSaved(unsaved)
    const [sighting] = await here.lookUp([alice])
    expect(sighting?.lastSeenAt?.getTime()).toBeGreaterThan(unsaved[0]?.lastSeenAt.getTime() ?? NaN)
    expect((await here.sweep()).unsaved).toEqual([{ userId: alice, lastSeenAt: sighting?.lastSeenAt }])
  })
}

function watcherLaws(createWorld: CreateWorld): void {
  test('an edge says which gateways watch the person, those that still do, and nobody else', async () => {
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

  test('they hear of it as well when the window runs out', async () => {
    await using world = await createWorld()
    const [here, there] = [await world.add(east), await world.add(west)]
    await there.watch([alice])
    await touch(here, alice)
    await until(async () => (await here.sweep()).expired.length > 0)
    expect(watchersOf((await here.sweep()).expired, alice)).toEqual([west])
  })

  test('to begin to watch answers with how things are', async () => {
    await using world = await createWorld()
    const here = await world.add(east)
    await touch(here, alice)
    const sightings = await here.watch([alice, bob])
    expect(sightings.find(({ userId }) => userId === alice)?.online).toBe(true)
    expect(sightings.find(({ userId }) => userId === bob)?.online).not.toBe(true)
  })
}

export async function touch(store: PresenceStore, userId: UserId): Promise<readonly WatchedEdge[]> {
  return (await store.recordActivity([{ userId, agoMs: 0 }])).cameOnline
}

/** The one who ran out next. */
async function nextEdge(store: PresenceStore): Promise<WatchedEdge> {
  let found: readonly WatchedEdge[] = []
  await until(async () => (found = (await store.sweep()).expired).length > 0)
  const [edge] = found
  if (edge === undefined || found.length > 1) throw new Error(`${found.length} ran out at once`)
  return edge
}

/** Waits until somebody ran out, and settles that. */
async function settleAll(store: PresenceStore): Promise<void> {
  await until(async () => (await store.sweep()).expired.length > 0)
  await store.confirmExpired((await store.sweep()).expired.map(({ edge }) => edge))
}

export function idsOf(edges: readonly WatchedEdge[]): UserId[] {
  return edges.map(({ edge }) => edge.userId)
}

function watchersOf(edges: readonly WatchedEdge[], userId: UserId): readonly GatewayId[] {
  return edges.find(({ edge }) => edge.userId === userId)?.watchers ?? []
}

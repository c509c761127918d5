import { LRUCache } from 'lru-cache'
import { ParleyError } from '../errors.ts'
import type { UserId } from '../ids.ts'
import { coalesceReads } from '../lib/coalesced-reads.ts'
import type { ViewerMarks } from '../store/replicas/viewer-marks.ts'
import type { UserStore } from './user-store.ts'
import type { Profile, User, UserInput } from './user.ts'

export type Users = Readonly<{
  /**
   * Creates or updates the user of a verified token. Name and picture follow the newest token. Returns whether this
   * wrote to the database.
   *
   * Errors: UNAUTHENTICATED – the user is deactivated.
   */
  provision(profile: Profile): Promise<boolean>
  /**
   * Creates or updates users as the product's backend describes them. This applies at once, also to deactivated users,
   * until a token that is issued later says otherwise.
   */
  put(users: readonly UserInput[]): Promise<void>
  /**
   * Decides whether the user may sign in. A session in progress does not end by itself; revoke its token. Returns false
   * if there is no such user.
   */
  setDeactivated(id: UserId, isDeactivated: boolean): Promise<boolean>
  /** Returns users in the order of `ids`; undefined if there is none. The result may be `USER_CACHE_TTL_MS` old. */
  findMany(ids: readonly UserId[]): Promise<(User | undefined)[]>
  /** As `findMany`, but reads the users now, so that changes through other gateways are seen. */
  findCurrent(ids: readonly UserId[]): Promise<(User | undefined)[]>
  find(id: UserId): Promise<User | undefined>
  /** Returns the user if they were read less than `USER_CACHE_TTL_MS` ago. Reads nothing. */
  recent(id: UserId): User | undefined
}>

/** How old a name may be on a gateway that has not seen the user's newest token, in milliseconds. */
export const USER_CACHE_TTL_MS = 5_000

/** Every request has a token. A gateway writes its user to the database once in a quarter of an hour. */
const PROVISION_TTL_MS = 15 * 60_000
const MAX_CACHED = 20_000

/** A user who was used after this time is read again with the next user who has to be read. */
const REFRESH_AFTER_MS = USER_CACHE_TTL_MS / 2
const MAX_REFRESHED = 200

type CachedUser = Readonly<{ user: User; readAt: number }>

type Dependencies = Readonly<{
  store: UserStore
  /** Monotonic, so that a jump of the wall clock neither empties nor prolongs the caches. */
  elapsedMs(): number
  /** Undefined if there is no replica. */
  marks?: Pick<ViewerMarks, 'recordDelivery'> | undefined
}>

export function createUsers({ store, elapsedMs, marks }: Dependencies): Users {
  /** A page of messages asks for its senders a hundred times, so their age is read here, once, and not by the cache. */
  const cache = new LRUCache<UserId, CachedUser>({ max: MAX_CACHED })
  /** Used lately, and soon too old. Two hundred busy senders would otherwise be read one by one, every five seconds. */
  const aging = new Set<UserId>()
  const provisioned = new LRUCache<string, true>({
    max: MAX_CACHED,
    ttl: PROVISION_TTL_MS,
    ttlResolution: 0,
    perf: { now: elapsedMs },
  })

  async function provision(profile: Profile): Promise<boolean> {
    const { id, name, avatarUrl, issuedAt } = profile
    const seen = JSON.stringify([id, name, avatarUrl, issuedAt.getTime()])
    if (provisioned.get(seen) === true) return false
    const maySignIn = await store.upsert(profile)
    if (!maySignIn) throw new ParleyError('UNAUTHENTICATED', 'This account is deactivated.')
    // The first query of a new user may go to a replica that does not have the user yet.
    marks?.recordDelivery(id)
    provisioned.set(seen, true)
    cache.delete(profile.id)
    return true
  }

  async function put(inputs: readonly UserInput[]): Promise<void> {
    await store.put(inputs)
    for (const { id } of inputs) {
      marks?.recordDelivery(id)
      cache.delete(id)
    }
  }

  /** Concurrent operations that select the same user share one read of that user. */
  const readMissing = coalesceReads<UserId, User>(async (ids) => {
    const users = await store.findMany([...new Set([...ids, ...takeAging()])])
    for (const user of users) cache.set(user.id, { user, readAt: elapsedMs() })
    return new Map(users.map((user) => [user.id, user]))
  })

  function takeAging(): readonly UserId[] {
    const ids = [...aging.values().take(MAX_REFRESHED)]
    aging.clear()
    return ids
  }

  function recent(id: UserId): User | undefined {
    const cached = cache.get(id)
    if (cached === undefined) return undefined
    const ageMs = elapsedMs() - cached.readAt
    if (ageMs > USER_CACHE_TTL_MS) {
      cache.delete(id)
      return undefined
    }
    if (ageMs > REFRESH_AFTER_MS) aging.add(id)
    return cached.user
  }

  async function findMany(ids: readonly UserId[]): Promise<(User | undefined)[]> {
    const found = new Map<UserId, User>()
    for (const id of ids) {
      const user = recent(id)
      if (user !== undefined) found.set(id, user)
    }
    const missing = [...new Set(ids)].filter((id) => !found.has(id))
    const read = missing.length === 0 ? found : await readMissing(missing)
    return ids.map((id) => found.get(id) ?? read.get(id))
  }

  async function findCurrent(ids: readonly UserId[]): Promise<(User | undefined)[]> {
    if (ids.length === 0) return []
    // A read in progress may have begun before the change, so it is not joined.
    const users = await store.findMany([...new Set(ids)])
    for (const user of users) cache.set(user.id, { user, readAt: elapsedMs() })
    const found = new Map(users.map((user) => [user.id, user]))
    return ids.map((id) => found.get(id))
  }

  async function setDeactivated(id: UserId, isDeactivated: boolean): Promise<boolean> {
    const isKnown = await store.setDeactivated(id, isDeactivated)
    cache.delete(id)
    return isKnown
  }

  return {
    provision,
    put,
    setDeactivated,
    findMany,
    findCurrent,
    find: async (id) => (await findMany([id]))[0],
    recent,
  }
}

import { LRUCache } from 'lru-cache'
import type { UserId } from '../ids.ts'
import { coalesceReads } from '../lib/coalesced-reads.ts'
import type { Profile, UserStore } from './user-store.ts'
import type { User } from './user.ts'

export type Users = Readonly<{
  /** Makes the person of a verified token known; name and picture follow their newest token. Whether that was written. */
  provision(profile: Profile): Promise<boolean>
  /** The users of these ids, in their order; undefined where there is none. At most `USER_CACHE_TTL_MS` old. */
  findMany(ids: readonly UserId[]): Promise<(User | undefined)[]>
  find(id: UserId): Promise<User | undefined>
}>

/** How old a name may be on a gateway that the person's newest token did not come to, in milliseconds. */
export const USER_CACHE_TTL_MS = 5_000

/** A token is presented with every request; its person is written once per gateway and quarter of an hour. */
const PROVISION_TTL_MS = 15 * 60_000
const MAX_CACHED = 20_000

type Dependencies = Readonly<{
  store: UserStore
  /** Monotonic, so that a jump of the wall clock neither empties nor prolongs the caches. */
  elapsedMs(): number
}>

export function createUsers({ store, elapsedMs }: Dependencies): Users {
  const limits = { max: MAX_CACHED, ttlResolution: 0, perf: { now: elapsedMs } }
  const cache = new LRUCache<UserId, User>({ ...limits, ttl: USER_CACHE_TTL_MS })
  const provisioned = new LRUCache<string, true>({ ...limits, ttl: PROVISION_TTL_MS })

  async function provision(profile: Profile): Promise<boolean> {
    const { id, name, avatarUrl, issuedAt } = profile
    const seen = JSON.stringify([id, name, avatarUrl, issuedAt.getTime()])
    if (provisioned.get(seen) === true) return false
    await store.upsert(profile)
    provisioned.set(seen, true)
    cache.delete(profile.id)
    return true
  }

  /** Whoever is told of somebody is told at the same moment as many others, each by an operation of their own. */
  const readMissing = coalesceReads<UserId, User>(async (ids) => {
    const users = await store.findMany(ids)
    for (const user of users) cache.set(user.id, user)
    return new Map(users.map((user) => [user.id, user]))
  })

  async function findMany(ids: readonly UserId[]): Promise<(User | undefined)[]> {
    const found = new Map<UserId, User>()
    for (const id of ids) {
      const user = cache.get(id)
      if (user !== undefined) found.set(id, user)
    }
    const missing = [...new Set(ids)].filter((id) => !found.has(id))
    const read = missing.length === 0 ? found : await readMissing(missing)
    return ids.map((id) => found.get(id) ?? read.get(id))
  }

  return { provision, findMany, find: async (id) => (await findMany([id]))[0] }
}

import type { Presence } from '../api.ts'
import { getOrCreate } from '../lib/get-or-create.ts'
import { toDate } from '../lib/to-date.ts'
import { ValueStore } from '../lib/value-store.ts'
import type { PresenceData } from './presence-watch.ts'

/** The presence stores of one tab. A user is watched while their store has listeners. */
export type PresenceStores = Readonly<{
  get(userId: string): ValueStore<Presence>
  /** The users whose stores have listeners. */
  watched(): readonly string[]
  /** The newest presence that the server has sent of a user. Unknown after a lost connection. */
  newest(userId: string): PresenceData | undefined
  apply(data: PresenceData): void
  /** Without a connection nothing is known. When they were last seen stays true. */
  forget(): void
}>

/** `onWanted` is called when the set of users that this tab watches has changed. */
export function createPresenceStores(onWanted: (userIds: readonly string[]) => void): PresenceStores {
  const stores = new Map<string, ValueStore<Presence>>()
  const watched = new Set<string>()
  const newest = new Map<string, PresenceData>()

  function get(userId: string): ValueStore<Presence> {
    const create = (): ValueStore<Presence> =>
      new ValueStore({ type: 'unknown', lastSeenAt: null }, (isWatched) => {
        if (isWatched) watched.add(userId)
        else watched.delete(userId)
        onWanted([...watched])
      })
    return getOrCreate(stores, userId, create)
  }

  function apply(data: PresenceData): void {
    const { userId, online, lastSeenAt } = data
    newest.set(userId, data)
    if (online === true) get(userId).set({ type: 'online' })
    else get(userId).set({ type: online === null ? 'unknown' : 'offline', lastSeenAt: toDate(lastSeenAt) })
  }

  return {
    get,
    watched: () => [...watched],
    newest: (userId) => newest.get(userId),
    apply,
    forget() {
      for (const data of newest.values()) apply({ ...data, online: null })
    },
  }
}

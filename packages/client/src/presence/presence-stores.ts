import type { Presence } from '../api.ts'
import { keepIdentity } from '../lib/equal.ts'
import { ValueStore } from '../lib/value-store.ts'
import type { PresenceData } from './presence-watch.ts'

type Dependencies = Readonly<{
  /** The set of users that this tab watches has changed. */
  onWanted(userIds: readonly string[]): void
}>

const UNKNOWN: Presence = { type: 'unknown', lastSeenAt: null }

/** The presence stores of one tab. A user is watched while their store has listeners. */
export class PresenceStores {
  readonly #stores = new Map<string, ValueStore<Presence>>()
  readonly #watched = new Set<string>()
  readonly #newest = new Map<string, PresenceData>()
  readonly #deps: Dependencies

  constructor(dependencies: Dependencies) {
    this.#deps = dependencies
  }

  get(userId: string): ValueStore<Presence> {
    const known = this.#stores.get(userId)
    if (known !== undefined) return known
    const store = new ValueStore<Presence>(UNKNOWN, (isWatched) => {
      if (isWatched) this.#watched.add(userId)
      else this.#watched.delete(userId)
      this.#deps.onWanted(this.watched())
    })
    this.#stores.set(userId, store)
    return store
  }

  /** The users whose stores have listeners. */
  watched(): readonly string[] {
    return [...this.#watched]
  }

  /** The newest presence that the server has sent of a user. Unknown after a lost connection. */
  newest(userId: string): PresenceData | undefined {
    return this.#newest.get(userId)
  }

  apply({ userId, online, lastSeenAt }: PresenceData): void {
    this.#newest.set(userId, { userId, online, lastSeenAt })
    const store = this.get(userId)
    const seen = lastSeenAt === null ? null : new Date(lastSeenAt)
    const next: Presence =
      online === true
        ? { type: 'online' }
        : { type: online === null ? 'unknown' : 'offline', lastSeenAt: seen }
    store.set(keepIdentity(store.getSnapshot(), next))
  }

  /** Without a connection nothing is known. When they were last seen stays true. */
  forget(): void {
    for (const [userId, data] of this.#newest) this.#newest.set(userId, { ...data, online: null })
    for (const store of this.#stores.values()) {
      const known = store.getSnapshot()
      if (known.type !== 'unknown')
        store.set({ type: 'unknown', lastSeenAt: 'lastSeenAt' in known ? known.lastSeenAt : null })
    }
  }
}

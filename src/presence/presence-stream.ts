import type { UserId } from '../ids.ts'
import type { Presence, PresenceState } from '../events/presence-state.ts'

type Options = Readonly<{
  viewerId: UserId
  /** Whose presence it tells. */
  userIds: readonly UserId[]
  /** Called once, when the reader is gone. */
  release(stream: PresenceStream): void
}>

/**
 * One subscription to people's presence. Of each person only the newest state waits for the reader, so however slow
 * they are, no more waits than there are people. An iterator by hand, not a generator, because a generator's `return`
 * waits for the `next` under way, which for quiet people is for ever.
 */
export class PresenceStream implements AsyncIterableIterator<Presence, undefined, undefined> {
  readonly viewerId: UserId
  readonly userIds: readonly UserId[]
  readonly #release: (stream: PresenceStream) => void
  /** What each person's state was when it was last told, or is told next. */
  readonly #told = new Map<UserId, PresenceState>()
  readonly #waiting = new Map<UserId, Presence>()
  #woken = Promise.withResolvers<void>()
  #isOver = false

  constructor({ viewerId, userIds, release }: Options) {
    this.viewerId = viewerId
    this.userIds = userIds
    this.#release = release
  }

  /** Whether the reader does not know this yet. Not to know is no news, except at the start or for an excuse. */
  isChange({ userId, online, isExcused = false, asOf }: PresenceState): boolean {
    const told = this.#told.get(userId)
    if (told === undefined) return true
    return (online !== null || isExcused) && online !== told.online && asOf >= told.asOf
  }

  /** Tells it if it is news. */
  push(sighting: PresenceState): void {
    if (!this.#isOver && this.isChange(sighting)) this.#tell(sighting)
  }

  /** Nothing is known of this person any more; when they were last seen stays as it was. */
  markUnknown(userId: UserId): void {
    const told = this.#told.get(userId)
    if (told !== undefined && told.online !== null) this.#tell({ ...told, online: null })
  }

  /** Whether the reader takes this person for online. */
  showsOnline(userId: UserId): boolean {
    return this.#told.get(userId)?.online === true
  }

  /** Whatever is told next counts as newer than what was told. */
  resetOrder(): void {
    for (const [userId, told] of this.#told) this.#told.set(userId, { ...told, asOf: -Infinity })
  }

  async next(): Promise<IteratorResult<Presence, undefined>> {
    while (!this.#isOver && this.#waiting.size === 0) await this.#woken.promise
    const [presence] = this.#waiting.values()
    if (this.#isOver || presence === undefined) return this.return()
    this.#waiting.delete(presence.userId)
    return { done: false, value: presence }
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    if (!this.#isOver) {
      this.#isOver = true
      this.#waiting.clear()
      this.#release(this)
      this.#wake()
    }
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  #tell(sighting: PresenceState): void {
    const { userId } = sighting
    const lastSeenAt = later(this.#told.get(userId)?.lastSeenAt ?? null, sighting.lastSeenAt)
    this.#told.set(userId, { ...sighting, lastSeenAt })
    this.#waiting.delete(userId)
    this.#waiting.set(userId, { userId, online: sighting.online, lastSeenAt })
    this.#wake()
  }

  /** Wakes all who wait at the moment. */
  #wake(): void {
    this.#woken.resolve()
    this.#woken = Promise.withResolvers()
  }
}

/** The later of two moments that may be unknown. */
export function later(one: Date | null, other: Date | null): Date | null {
  if (one === null || other === null) return one ?? other
  return one > other ? one : other
}

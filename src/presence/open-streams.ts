import type { UserId } from '../ids.ts'
import type { PresenceStream } from './presence-stream.ts'

/** A stream, and one of those whom it tells of. */
export type OpenGrant = Readonly<{ stream: PresenceStream; userId: UserId }>

/** The streams of this gateway, by whom they tell of, and by who reads them. */
export class OpenStreams {
  readonly #byPerson = new Map<UserId, Set<PresenceStream>>()
  readonly #byViewer = new Map<UserId, Set<PresenceStream>>()

  /** People who are watched. */
  get size(): number {
    return this.#byPerson.size
  }

  userIds(): Iterable<UserId> {
    return this.#byPerson.keys()
  }

  add(stream: PresenceStream): void {
    addTo(this.#byViewer, stream.viewerId, stream)
    for (const userId of stream.userIds) addTo(this.#byPerson, userId, stream)
  }

  /** Answers with those who are not watched any more. */
  remove(stream: PresenceStream): readonly UserId[] {
    removeFrom(this.#byViewer, stream.viewerId, stream)
    for (const userId of stream.userIds) removeFrom(this.#byPerson, userId, stream)
    return stream.userIds.filter((userId) => !this.isWatched(userId))
  }

  isWatched(userId: UserId): boolean {
    return this.#byPerson.has(userId)
  }

  /** Whether somebody is watched here, or watches. */
  isInvolved(userId: UserId): boolean {
    return this.#byPerson.has(userId) || this.#byViewer.has(userId)
  }

  /** Those that tell of this person. */
  streamsOf(userId: UserId): readonly PresenceStream[] {
    return [...(this.#byPerson.get(userId) ?? [])]
  }

  all(): readonly PresenceStream[] {
    return [...this.#byViewer.values()].flatMap((streams) => [...streams])
  }

  /** How many people all streams of this viewer tell of, one by one. */
  watchedCountOf(viewerId: UserId): number {
    return [...(this.#byViewer.get(viewerId) ?? [])].reduce((sum, { userIds }) => sum + userIds.length, 0)
  }

  /** Whatever these people see, and whoever sees them. */
  grantsOf(userIds: readonly UserId[]): readonly OpenGrant[] {
    const theirs = userIds.flatMap((viewerId) => [...(this.#byViewer.get(viewerId) ?? [])])
    const seeing = theirs.flatMap((stream) => stream.userIds.map((userId) => ({ stream, userId })))
    const seen = userIds.flatMap((userId) => this.streamsOf(userId).map((stream) => ({ stream, userId })))
    return [...seeing, ...seen]
  }
}

type Index = Map<UserId, Set<PresenceStream>>

function addTo(index: Index, key: UserId, stream: PresenceStream): void {
  index.set(key, (index.get(key) ?? new Set()).add(stream))
}

function removeFrom(index: Index, key: UserId, stream: PresenceStream): void {
  const streams = index.get(key)
  streams?.delete(stream)
  if (streams?.size === 0) index.delete(key)
}

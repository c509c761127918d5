import type { UserId } from '../ids.ts'
import type { PresenceStream } from './presence-stream.ts'

/** A grant that an open stream relies on: its viewer sees this user. */
export type OpenGrant = Readonly<{ stream: PresenceStream; userId: UserId }>

/** The open presence streams of this gateway, by watched user and by viewer. */
export class OpenStreams {
  readonly #byUser: Index = new Map()
  readonly #byViewer: Index = new Map()

  /** The number of watched users. */
  get size(): number {
    return this.#byUser.size
  }

  /** The watched users. */
  userIds(): readonly UserId[] {
    return [...this.#byUser.keys()]
  }

  add(stream: PresenceStream): void {
    addTo(this.#byViewer, stream.viewerId, stream)
    for (const userId of stream.userIds) addTo(this.#byUser, userId, stream)
  }

  /** Returns the users that no stream watches any more. */
  remove(stream: PresenceStream): readonly UserId[] {
    removeFrom(this.#byViewer, stream.viewerId, stream)
    for (const userId of stream.userIds) removeFrom(this.#byUser, userId, stream)
    return stream.userIds.filter((userId) => !this.isWatched(userId))
  }

  isWatched(userId: UserId): boolean {
    return this.#byUser.has(userId)
  }

  /** Whether the user is watched here, or watches others. */
  isInvolved(userId: UserId): boolean {
    return this.#byUser.has(userId) || this.#byViewer.has(userId)
  }

  /** The streams that show this user. */
  streamsOf(userId: UserId): readonly PresenceStream[] {
    return [...(this.#byUser.get(userId) ?? [])]
  }

  all(): readonly PresenceStream[] {
    return [...this.#byViewer.values()].flatMap((streams) => [...streams])
  }

  /** How many users the streams of this viewer watch. A user who is watched by two streams counts twice. */
  watchedCountOf(viewerId: UserId): number {
    return [...(this.#byViewer.get(viewerId) ?? [])].reduce((sum, { userIds }) => sum + userIds.length, 0)
  }

  /** All grants that these users rely on as viewers, or give as watched users. */
  grantsOf(userIds: readonly UserId[]): readonly OpenGrant[] {
    const asViewers = userIds.flatMap((viewerId) => [...(this.#byViewer.get(viewerId) ?? [])])
    return [
      ...asViewers.flatMap((stream) => stream.userIds.map((userId) => ({ stream, userId }))),
      ...userIds.flatMap((userId) => this.streamsOf(userId).map((stream) => ({ stream, userId }))),
    ]
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

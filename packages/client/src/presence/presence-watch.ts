import type { Socket } from '../connection/socket.ts'
import { PRESENCE } from '../graphql/documents.ts'

/** The presence of one user, as the server delivers it. */
export type PresenceData = Readonly<{ userId: string; online: boolean | null; lastSeenAt: string | null }>

/** How long changes of the watched users are collected, in milliseconds. */
const COLLECT_MS = 100
/** The most users of one subscription. */
const MAX_USERS = 500

type Group = Readonly<{ userIds: ReadonlySet<string>; end: () => void }>

/**
 * The presence subscriptions of the tab that holds the connection, for all tabs. Users that are added get a
 * subscription of their own; one whose users are all unwatched ends. The server refuses a whole subscription if one of
 * its users shares no chat with the viewer: it is then halved until that user is alone.
 */
export class PresenceWatch {
  #socket: Socket | undefined
  #wanted: ReadonlySet<string> = new Set()
  #groups: Group[] = []
  readonly #refused = new Set<string>()
  #timer: ReturnType<typeof setTimeout> | undefined
  readonly #onPresence: (data: PresenceData) => void

  constructor(onPresence: (data: PresenceData) => void) {
    this.#onPresence = onPresence
  }

  want(userIds: Iterable<string>): void {
    this.#wanted = new Set(userIds)
    if (this.#socket === undefined || this.#timer !== undefined) return
    this.#timer = setTimeout(() => this.#adjust(), COLLECT_MS)
  }

  /** A new connection has none of the old one's subscriptions. */
  setSocket(socket: Socket | undefined): void {
    this.#socket = socket
    this.#groups = []
    this.#refused.clear()
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (socket !== undefined) this.#adjust()
  }

  /** A user who shared no chat with the viewer may do so now. */
  retryRefused(): void {
    if (this.#refused.size === 0) return
    this.#refused.clear()
    this.#later(COLLECT_MS)
  }

  #adjust(): void {
    this.#timer = undefined
    const isWanted = (userId: string): boolean => this.#wanted.has(userId)
    for (const group of this.#groups) if (![...group.userIds].some(isWanted)) group.end()
    this.#groups = this.#groups.filter(({ userIds }) => [...userIds].some(isWanted))
    const covered = new Set(this.#groups.flatMap(({ userIds }) => [...userIds]))
    const missing = [...this.#wanted].filter((id) => !covered.has(id) && !this.#refused.has(id))
    for (let first = 0; first < missing.length; first += MAX_USERS) {
      this.#subscribe(missing.slice(first, first + MAX_USERS))
    }
  }

  #subscribe(userIds: readonly string[]): void {
    const socket = this.#socket
    if (socket === undefined || userIds.length === 0) return
    type Data = Readonly<{
      presence: Readonly<{ user: { id: string }; online: boolean | null; lastSeenAt: string | null }>
    }>
    const end = socket.subscribe(
      PRESENCE,
      { ids: userIds },
      {
        onData: ({ presence: { user, online, lastSeenAt } }: Data) =>
          this.#onPresence({ userId: user.id, online, lastSeenAt }),
        onEnd: (error) => {
          this.#groups = this.#groups.filter((other) => other !== group)
          if (socket !== this.#socket || error === undefined) return
          if (error.code !== 'NOT_FOUND') return this.#later(error.retryAfterMs)
          if (userIds.length === 1) return void this.#refused.add(userIds[0] as string)
          const half = Math.ceil(userIds.length / 2)
          this.#subscribe(userIds.slice(0, half))
          this.#subscribe(userIds.slice(half))
        },
      },
    )
    const group: Group = { userIds: new Set(userIds), end }
    this.#groups.push(group)
  }

  #later(ms = 5_000): void {
    this.#timer ??= setTimeout(() => this.#adjust(), ms)
  }
}

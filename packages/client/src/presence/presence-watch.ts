import type { Socket } from '../connection/socket.ts'
import type { ParleyError } from '../errors.ts'
import { PRESENCE } from '../graphql/documents.ts'
import { halves } from '../lib/halves.ts'

/** The presence of one user, as the server delivers it. */
export type PresenceData = Readonly<{ userId: string; online: boolean | null; lastSeenAt: string | null }>

/** How long changes of the watched users are collected, in milliseconds. */
const COLLECT_MS = 100
/** Before a subscription that the server has ended is opened again, in milliseconds. */
const REOPEN_MS = 5_000
/** The most users of one subscription. */
const MAX_USERS = 500

export type PresenceWatch = Readonly<{
  want(userIds: Iterable<string>): void
  /** A new connection has none of the old one's subscriptions. */
  setSocket(socket: Socket | undefined): void
  /** A user who shared no chat with the viewer may do so now. */
  retryRejected(): void
}>

/**
 * The presence subscriptions of the tab that holds the connection, for all tabs. Users that are added get a
 * subscription of their own; one whose users are all unwatched ends. The server rejects a whole subscription if one of
 * its users shares no chat with the viewer: it is then halved until that user is alone.
 */
export function createPresenceWatch(onPresence: (data: PresenceData) => void): PresenceWatch {
  let socket: Socket | undefined
  let wanted: ReadonlySet<string> = new Set()
  /** The users of each subscription, and how to end it. */
  const groups = new Map<readonly string[], () => void>()
  const rejected = new Set<string>()
  let timer: ReturnType<typeof setTimeout> | undefined

  function adjust(): void {
    timer = undefined
    for (const [userIds, end] of groups) {
      if (userIds.some((userId) => wanted.has(userId))) continue
      groups.delete(userIds)
      end()
    }
    const covered = new Set([...groups.keys()].flat())
    const missing = [...wanted].filter((userId) => !covered.has(userId) && !rejected.has(userId))
    for (let first = 0; first < missing.length; first += MAX_USERS)
      subscribe(missing.slice(first, first + MAX_USERS))
  }

  function subscribe(userIds: readonly string[]): void {
    const current = socket
    type Data = Readonly<{ presence: Omit<PresenceData, 'userId'> & Readonly<{ user: { id: string } }> }>
    const onData = ({ presence: { user, ...seen } }: Data): void => onPresence({ ...seen, userId: user.id })
    const onEnd = (error: ParleyError | undefined): void => {
      groups.delete(userIds)
      if (socket !== current || error === undefined) return
      if (error.code !== 'NOT_FOUND') return later(error.retryAfterMs ?? REOPEN_MS)
      if (userIds.length === 1) for (const userId of userIds) rejected.add(userId)
      else for (const part of halves(userIds)) subscribe(part)
    }
    if (current !== undefined)
      groups.set(userIds, current.subscribe(PRESENCE, { ids: userIds }, { onData, onEnd }))
  }

  function later(ms: number): void {
    if (socket !== undefined) timer ??= setTimeout(adjust, ms)
  }

  return {
    want(userIds) {
      wanted = new Set(userIds)
      later(COLLECT_MS)
    },
    setSocket(next) {
      socket = next
      groups.clear()
      rejected.clear()
      clearTimeout(timer)
      adjust()
    },
    retryRejected() {
      rejected.clear()
      later(COLLECT_MS)
    },
  }
}

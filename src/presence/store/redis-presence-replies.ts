import type { GatewayId, UserId } from '../../ids.ts'
import type { WatchedEdge } from './presence-store.ts'
import type { LastSeen, PresenceState } from '../../events/presence-state.ts'

/*
 * What the scripts of redis-presence-scripts.ts answer, in the words of the port.
 */

/** A script's answer: texts, and lists of them. */
export type Answer = readonly unknown[]

export function listOf(answer: unknown): Answer {
  return Array.isArray(answer) ? (answer as Answer) : []
}

/** What follows by turns, two by two. */
export function pairsOf(answer: unknown): readonly (readonly [string, string])[] {
  const texts = listOf(answer).map(String)
  return texts.flatMap((text, index) => (index % 2 === 0 ? [[text, texts[index + 1] ?? ''] as const] : []))
}

/** Of a hash that was asked for outside of a script, which the client makes an object of. */
export function entriesOf(answer: unknown): readonly (readonly [string, string])[] {
  return Object.entries((answer ?? {}) as Readonly<Record<string, string>>)
}

/** Of a flag as the scripts that look answer it. */
function toOnline(flag: unknown): Pick<PresenceState, 'online' | 'isExcused'> {
  if (flag === '?') return { online: null, isExcused: true }
  return { online: flag === '' ? null : flag === '1' }
}

function toDate(ms: unknown): Date | null {
  return typeof ms === 'string' && ms !== '' ? new Date(Number(ms)) : null
}

/** Nothing where there is none. */
export function toLastSeen([userId, seen]: readonly [string, string]): LastSeen[] {
  const lastSeenAt = toDate(seen)
  return lastSeenAt === null ? [] : [{ userId: userId as UserId, lastSeenAt }]
}

/** Of a person with their last activity, a flag as the scripts that look answer it, and the part's time. */
export function toSighting([userId, seen]: Answer, flag: unknown, asOf: unknown): PresenceState {
  return { userId: String(userId) as UserId, ...toOnline(flag), lastSeenAt: toDate(seen), asOf: Number(asOf) }
}

/** As `toSighting`, with who watches that person until when. */
export function toWatchedEdge([userId, seen, watchers]: Answer, flag: unknown, asOf: unknown): WatchedEdge {
  const edge = toSighting([userId, seen], flag, asOf)
  return { edge, watchers: watchersIn(pairsOf(watchers), edge.asOf) }
}

/** Those whose watch has not ended. */
export function watchersIn(watchers: readonly (readonly [string, string])[], asOf: number): GatewayId[] {
  return watchers.filter(([, until]) => Number(until) > asOf).map(([gateway]) => gateway as GatewayId)
}

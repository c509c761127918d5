import type { GatewayId, UserId } from '../../ids.ts'
import type { WatchedEdge } from './presence-store.ts'
import type { LastSeen, PresenceState } from '../../events/presence-state.ts'

/*
 * Turns the replies of the scripts in redis-presence-scripts.ts into the types of the port.
 */

/** A script's reply: strings, and lists of them. */
export type Reply = readonly unknown[]

export function listOf(reply: unknown): Reply {
  return Array.isArray(reply) ? (reply as Reply) : []
}

/** The pairs of a flat list of keys and values. */
export function pairsOf(reply: unknown): readonly (readonly [string, string])[] {
  const texts = listOf(reply).map(String)
  return texts.flatMap((text, index) => (index % 2 === 0 ? [[text, texts[index + 1] ?? ''] as const] : []))
}

/** The pairs of a hash. Outside of scripts the client returns hashes as objects. */
export function entriesOf(reply: unknown): readonly (readonly [string, string])[] {
  return Object.entries((reply ?? {}) as Readonly<Record<string, string>>)
}

function toOnline(flag: unknown): Pick<PresenceState, 'online' | 'isInGracePeriod'> {
  if (flag === '?') return { online: null, isInGracePeriod: true }
  return { online: flag === '' ? null : flag === '1' }
}

function toDate(ms: unknown): Date | null {
  return typeof ms === 'string' && ms !== '' ? new Date(Number(ms)) : null
}

/** Returns an empty list if the user has no last activity. */
export function toLastSeen([userId, seen]: readonly [string, string]): LastSeen[] {
  const lastSeenAt = toDate(seen)
  return lastSeenAt === null ? [] : [{ userId: userId as UserId, lastSeenAt }]
}

/** From a user with their last activity, an online flag ('1', '0', '?', or '' if unsure), and the shard's time. */
export function toState([userId, seen]: Reply, flag: unknown, asOf: unknown): PresenceState {
  return { userId: String(userId) as UserId, ...toOnline(flag), lastSeenAt: toDate(seen), asOf: Number(asOf) }
}

/** As `toState`, from a user who comes with their watchers. */
export function toWatchedEdge([userId, seen, watchers]: Reply, flag: unknown, asOf: unknown): WatchedEdge {
  const edge = toState([userId, seen], flag, asOf)
  return { edge, watchers: activeWatchers(pairsOf(watchers), edge.asOf) }
}

/** The gateways whose watch has not ended. */
export function activeWatchers(watchers: readonly (readonly [string, string])[], asOf: number): GatewayId[] {
  return watchers.filter(([, until]) => Number(until) > asOf).map(([gateway]) => gateway as GatewayId)
}

import type { RedisConnection } from '../redis/redis-connection.ts'
import type { GatewayId } from '../ids.ts'
import { JOIN_OR_RENEW, LEASES, LEAVE, LIST, NOTES } from './redis-lease-scripts.ts'

/** A gateway that lives, and how many people have live streams on it, a second ago at most. */
export type LiveGateway = Readonly<{ gatewayId: GatewayId; sessions: number }>

/** What came of a renewal. */
export type Renewal = Readonly<{
  /** The gateway got a lease that it did not have: its first, or the last one ran out, or Redis has forgotten it. */
  isNew: boolean
  /** Others whose lease ran out since the last renewal. Who left in order is not among them. */
  gone: readonly GatewayId[]
}>

/** A gateway's own lease, and what it knows of those of others. */
export type Leases = Readonly<{
  /** Asks for the lease, or for its prolongation. Rejects as `send` does. */
  renew(sessions: number): Promise<Renewal>
  /** The lease, unless it may have run out by now. */
  current(): string | undefined
  /** Whether this lease, of whatever gateway, has ended for good. False where that is not known. */
  hasEnded(lease: string): boolean
  /** Whether no other gateway was there a moment ago: within the last half second. */
  isAlone(): boolean
  /** Gives the lease back; it must not be renewed any more. */
  leave(): Promise<void>
}>

/** A gateway counts as dead when it did not renew for so long. */
const LEASE_MS = 5_000

/** For how long a gateway believes that it is alone, from when it asked. */
export const ALONE_MS = 500

type Send = Pick<RedisConnection, 'send'>

/** All leases that stood at a moment of Redis' clock. */
type Listing = Readonly<{ lease: string; asOfMs: number; live: ReadonlyMap<string, string> }>

/**
 * A lease is named for its gateway and for the moment when Redis gave it; it is prolonged, or it ends, and never
 * comes back: a gateway that comes too late gets another one. So a lease that is older than a list of all leases, and
 * not on it, has ended, and everybody may drop what was written under it without asking anybody. Were it named for
 * the gateway alone, one that just came back from a long pause could be wiped out by those who thought it dead.
 */
export function createLeases(connection: Send, gatewayId: GatewayId): Leases {
  let own: string | undefined
  let ownUntil = -Infinity
  let aloneUntil = -Infinity
  let listing: Listing | undefined

  async function renew(sessions: number): Promise<Renewal> {
    const askedAt = performance.now()
    const before = { own, listing }
    listing = await list(connection, JOIN_OR_RENEW, [gatewayId, own ?? '', LEASE_MS, sessions])
    own = listing.lease
    ownUntil = askedAt + LEASE_MS
    if (gatewaysOf(listing).every((other) => other.gatewayId === gatewayId)) aloneUntil = askedAt + ALONE_MS
    return { isNew: own !== before.own, gone: goneSince(before.listing, listing) }
  }

  function goneSince(before: Listing | undefined, now: Listing): readonly GatewayId[] {
    if (before === undefined) return []
    return gatewaysOf({
      ...before,
      live: new Map([...before.live].filter(([lease]) => !now.live.has(lease))),
    })
      .map((gateway) => gateway.gatewayId)
      .filter((id) => id !== gatewayId)
  }

  return {
    renew,
    current: () => (performance.now() < ownUntil ? own : undefined),
    isAlone: () => performance.now() < aloneUntil,
    hasEnded(lease) {
      const note = listing?.live.get(lease)
      if (note !== undefined) return note === LEFT
      return listing !== undefined && bornAt(lease) < listing.asOfMs
    },
    async leave() {
      if (own !== undefined) await connection.send([['eval', LEAVE, 2, LEASES, NOTES, own, LEFT]])
    },
  }
}

/** Every gateway that lives, each once, by a look that changes nothing. */
export async function liveGateways(connection: Send): Promise<readonly LiveGateway[]> {
  return gatewaysOf(await list(connection, LIST, []))
}

/** The gateway that a lease was given to; undefined for what is no lease. */
export function gatewayOf(lease: string): GatewayId | undefined {
  const [, gatewayId] = /^(.+)\/\d+$/s.exec(lease) ?? []
  return gatewayId as GatewayId | undefined
}

/** In milliseconds of Redis' clock; in the distant future for what is no lease. */
function bornAt(lease: string): number {
  const [, micros] = /\/(\d+)$/.exec(lease) ?? []
  return micros === undefined ? Infinity : Math.floor(Number(micros) / 1_000)
}

/** What stands where a gateway's number of sessions stood, once it has left in order. */
const LEFT = 'left'

/** A gateway that died and came back at once has two leases for a while; the later one tells its sessions. */
function gatewaysOf({ live }: Pick<Listing, 'live'>): LiveGateway[] {
  const sessions = new Map<GatewayId, number>()
  for (const [lease, note] of live) {
    const gatewayId = gatewayOf(lease)
    if (gatewayId !== undefined && note !== LEFT) sessions.set(gatewayId, Number(note))
  }
  return [...sessions].map(([gatewayId, count]) => ({ gatewayId, sessions: count }))
}

async function list(connection: Send, script: string, args: readonly (string | number)[]): Promise<Listing> {
  const [answer] = await connection.send([['eval', script, 2, LEASES, NOTES, ...args]])
  const [lease = '', asOfMs = '', ...rest] = Array.isArray(answer) ? answer.map(String) : []
  if (asOfMs === '') throw new Error('Redis gave no list of gateways')
  const live = new Map<string, string>()
  for (let index = 0; index + 1 < rest.length; index += 2) live.set(rest[index] ?? '', rest[index + 1] ?? '')
  return { lease, asOfMs: Number(asOfMs), live }
}

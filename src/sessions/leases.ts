import type { GatewayId } from '../ids.ts'

/*
 * A lease is named for its gateway and for the moment when Redis granted it. It is renewed, or it ends and never comes
 * back: a gateway that renews too late gets another one. So a lease that is older than a list of all live leases, and
 * not in it, has ended, and any gateway may delete what was registered under it. If leases were named for the gateway
 * alone, a gateway that resumes after a long pause could lose its registrations to others that consider it dead.
 */

/** All leases that were live at a moment of Redis' clock, with the note of each. */
export type LeaseList = Readonly<{ asOfMs: number; notes: ReadonlyMap<string, string> }>

/** A live gateway, and how many users had live streams on it, at most a second ago. */
export type LiveGateway = Readonly<{ gatewayId: GatewayId; sessions: number }>

/** The note of a lease that was returned. Any other note is the gateway's number of sessions. */
export const RETURNED = 'left'

/** Each live gateway once. A gateway that restarted has two leases for a while; the later one has its sessions. */
export function gatewaysIn({ notes }: LeaseList): readonly LiveGateway[] {
  const sessions = new Map<GatewayId, number>()
  for (const [lease, note] of notes) {
    const gatewayId = gatewayOf(lease)
    if (gatewayId !== undefined && note !== RETURNED) sessions.set(gatewayId, Number(note))
  }
  return [...sessions].map(([gatewayId, count]) => ({ gatewayId, sessions: count }))
}

/** Gateways of `before` whose lease has run out by `now`. A gateway that returned its lease is not among them. */
export function gatewaysLost(before: LeaseList, now: LeaseList): readonly GatewayId[] {
  const runOut = [...before.notes].filter(([lease]) => !now.notes.has(lease))
  return gatewaysIn({ ...before, notes: new Map(runOut) }).map(({ gatewayId }) => gatewayId)
}

/** Whether the lease has ended for good. False if the list does not say. */
export function hasEnded(lease: string, list: LeaseList | undefined): boolean {
  const note = list?.notes.get(lease)
  if (note !== undefined) return note === RETURNED
  return list !== undefined && grantedAtMs(lease) < list.asOfMs
}

/** The gateway that a lease was granted to. Undefined for text that is no lease. */
export function gatewayOf(lease: string): GatewayId | undefined {
  const [, gatewayId] = /^(.+)\/\d+$/s.exec(lease) ?? []
  return gatewayId as GatewayId | undefined
}

/** By Redis' clock. Infinity for text that is no lease. */
function grantedAtMs(lease: string): number {
  const [, micros] = /\/(\d+)$/.exec(lease) ?? []
  return micros === undefined ? Infinity : Math.floor(Number(micros) / 1_000)
}

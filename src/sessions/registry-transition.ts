import type { GatewayId, UserId } from '../ids.ts'
import { gatewaysIn, gatewaysLost, hasEnded, type LeaseList } from './leases.ts'

/** For how long a gateway relies on being alone, from when it asked. */
export const ALONE_MS = 500

/** This gateway's knowledge of its own lease, of other gateways, and of its registrations in Redis. */
export type RegistryState = {
  readonly gatewayId: GatewayId
  /** The users with live streams here. */
  readonly users: Set<UserId>
  /** Users whose registration in Redis may differ from `users`. */
  readonly unwritten: Set<UserId>
  lease: Readonly<{ name: string; validUntilMs: number }> | undefined
  list: LeaseList | undefined
  aloneUntilMs: number
  /** Whether other gateways can find the users who register now. */
  isReachable: boolean
  /** Whether unwritten registrations are being written. */
  isWriting: boolean
  /** Whether other gateways may have failed to find users here, so that this one has to resync. */
  isResyncDue: boolean
  isClosed: boolean
}

/** Times are monotonic, in milliseconds. */
export type RegistryInput =
  | Readonly<{ type: 'userAdded' | 'userRemoved'; userId: UserId }>
  | Readonly<{ type: 'writeFailed'; userId: UserId; nowMs: number }>
  | Readonly<{ type: 'registeredLate' }>
  | Readonly<{ type: 'unwrittenWritten' }>
  | Readonly<{
      type: 'leaseRenewed'
      lease: string
      list: LeaseList
      validUntilMs: number
      askedAtMs: number
    }>
  | Readonly<{ type: 'renewalFailed' }>
  | Readonly<{ type: 'connected' }>
  | Readonly<{ type: 'othersKnowThisGateway' }>
  | Readonly<{ type: 'closed' }>

export type RegistryEffect =
  | Readonly<{ type: 'reachableChanged'; isReachable: boolean }>
  | Readonly<{ type: 'gatewayGone'; gatewayId: GatewayId }>
  /** All users are registered, and may have been missed before. */
  | Readonly<{ type: 'reregistered' }>
  /** Write these registrations, then report `unwrittenWritten`. */
  | Readonly<{ type: 'writeUnwritten'; userIds: readonly UserId[] }>
  /** Report `othersKnowThisGateway` after `ALONE_MS`. */
  | Readonly<{ type: 'awaitOthers' }>

export function initialState(gatewayId: GatewayId): RegistryState {
  return {
    gatewayId,
    users: new Set(),
    unwritten: new Set(),
    lease: undefined,
    list: undefined,
    aloneUntilMs: -Infinity,
    isReachable: true,
    isWriting: false,
    isResyncDue: false,
    isClosed: false,
  }
}

/*
 *  lease          reachable ──renewal failed──▶ unreachable ──lease renewed──▶ reachable
 *
 *  registrations  complete ──connected, or a new lease (all users); write failed (one user)──▶ incomplete
 *                 incomplete ──lease renewed──▶ writing ──all written──▶ complete
 *                                               writing ──some failed──▶ incomplete
 *
 *  resync         not due ──connected, new lease, registered late──▶ due ──registrations complete──▶ reported, not due
 *
 * A resync is reported only when the registrations are complete: before that, other gateways still miss users here.
 *
 * Changes `state` in place and returns the effects. A copy of all users for each who comes or goes would cost too much.
 */
export function applyInput(state: RegistryState, input: RegistryInput): readonly RegistryEffect[] {
  switch (input.type) {
    case 'userAdded':
      state.users.add(input.userId)
      return []
    case 'userRemoved':
      state.users.delete(input.userId)
      return []
    case 'writeFailed':
      // A user who has left need not be removed from under a lease that ends anyway.
      if (state.users.has(input.userId) || currentLease(state, input.nowMs) !== undefined)
        state.unwritten.add(input.userId)
      return []
    case 'registeredLate':
    case 'othersKnowThisGateway':
      state.isResyncDue = true
      return reportIfComplete(state)
    case 'unwrittenWritten':
      state.isWriting = false
      return reportIfComplete(state)
    case 'leaseRenewed':
      return leaseRenewed(state, input)
    case 'renewalFailed':
      return setReachable(state, false)
    case 'connected':
      distrustRegistrations(state)
      return []
    case 'closed':
      state.isClosed = true
      return []
    default:
      return input satisfies never
  }
}

/** The gateway's lease, unless it may have run out by now. */
export function currentLease({ lease }: RegistryState, nowMs: number): string | undefined {
  return lease !== undefined && nowMs < lease.validUntilMs ? lease.name : undefined
}

/** Whether no other gateway was live a moment ago. */
export function isAlone({ aloneUntilMs }: RegistryState, nowMs: number): boolean {
  return nowMs < aloneUntilMs
}

/** Whether a lease, of any gateway, has ended for good. False if that is not known. */
export function isEndedLease({ list }: RegistryState, lease: string): boolean {
  return hasEnded(lease, list)
}

function leaseRenewed(
  state: RegistryState,
  { lease, list, validUntilMs, askedAtMs }: Extract<RegistryInput, { type: 'leaseRenewed' }>,
): readonly RegistryEffect[] {
  const isNew = lease !== state.lease?.name
  const lost = state.list === undefined ? [] : gatewaysLost(state.list, list)
  const isOnlyThis = gatewaysIn(list).every(({ gatewayId }) => gatewayId === state.gatewayId)
  state.lease = { name: lease, validUntilMs }
  state.list = list
  if (isOnlyThis) state.aloneUntilMs = askedAtMs + ALONE_MS
  const effects = [...setReachable(state, true)]
  if (isNew) distrustRegistrations(state)
  // Another gateway may rely on being alone for a moment yet, and publish nothing: a second resync covers that.
  if (isNew && !isOnlyThis) effects.push({ type: 'awaitOthers' })
  for (const gatewayId of lost)
    if (gatewayId !== state.gatewayId) effects.push({ type: 'gatewayGone', gatewayId })
  if (state.isWriting) return effects
  state.isWriting = true
  const userIds = [...state.unwritten]
  state.unwritten.clear()
  return [...effects, { type: 'writeUnwritten', userIds }]
}

function setReachable(state: RegistryState, isReachable: boolean): readonly RegistryEffect[] {
  if (state.isReachable === isReachable) return []
  state.isReachable = isReachable
  return [{ type: 'reachableChanged', isReachable }]
}

/** Redis may have lost all registrations of this gateway. */
function distrustRegistrations(state: RegistryState): void {
  for (const userId of state.users) state.unwritten.add(userId)
  state.isResyncDue = true
}

function reportIfComplete(state: RegistryState): readonly RegistryEffect[] {
  const isComplete = !state.isWriting && state.unwritten.size === 0
  if (!state.isResyncDue || !isComplete || state.isClosed) return []
  state.isResyncDue = false
  return state.users.size > 0 ? [{ type: 'reregistered' }] : []
}

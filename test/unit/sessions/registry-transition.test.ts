import { describe, expect, test } from 'vitest'
import type { GatewayId } from '../../../src/ids.ts'
import type { LeaseList } from '../../../src/sessions/leases.ts'
import {
  ALONE_MS,
  currentLease,
  initialState,
  isAlone,
  isEndedLease,
  type RegistryEffect,
  type RegistryInput,
  type RegistryState,
  applyInput,
} from '../../../src/sessions/registry-transition.ts'
import { alice, bob } from '../../harness/fixtures/chat-events.ts'

const [east, west] = ['east', 'west'] as [GatewayId, GatewayId]
const [EAST_LEASE, WEST_LEASE] = ['east/1000000', 'west/2000000']
const LEASE_MS = 5_000

function listOf(notes: Record<string, string>): LeaseList {
  return { asOfMs: 10_000, notes: new Map(Object.entries(notes)) }
}

function renewed(lease: string, notes: Record<string, string>, askedAtMs = 0): RegistryInput {
  return { type: 'leaseRenewed', lease, list: listOf(notes), askedAtMs, validUntilMs: askedAtMs + LEASE_MS }
}

const BOTH = { [EAST_LEASE]: '1', [WEST_LEASE]: '2' }

/** Applies the inputs. Returns the effects of the last one. */
function after(state: RegistryState, ...inputs: readonly RegistryInput[]): readonly RegistryEffect[] {
  return inputs.map((input) => applyInput(state, input)).at(-1) ?? []
}

describe('lease', () => {
  test('is valid for its duration from the request on', () => {
    const state = initialState(east)
    after(state, renewed(EAST_LEASE, { [EAST_LEASE]: '0' }, 100))
    expect(currentLease(state, 100 + LEASE_MS - 1)).toBe(EAST_LEASE)
    expect(currentLease(state, 100 + LEASE_MS)).toBeUndefined()
  })

  test('a gateway is alone for half a second after it saw no other', () => {
    const state = initialState(east)
    expect(isAlone(state, 0)).toBe(false)
    after(state, renewed(EAST_LEASE, { [EAST_LEASE]: '0' }, 100))
    expect([isAlone(state, 100 + ALONE_MS - 1), isAlone(state, 100 + ALONE_MS)]).toEqual([true, false])
    after(state, renewed(EAST_LEASE, BOTH, 1_000))
    expect(isAlone(state, 1_001)).toBe(false)
  })

  test('of another gateway has ended if it was returned, or is older than the list and not in it', () => {
    const state = initialState(east)
    expect(isEndedLease(state, WEST_LEASE)).toBe(false)
    after(state, renewed(EAST_LEASE, { [EAST_LEASE]: '0', [WEST_LEASE]: 'left' }))
    expect(isEndedLease(state, WEST_LEASE)).toBe(true)
    after(state, renewed(EAST_LEASE, { [EAST_LEASE]: '0' }))
    expect([isEndedLease(state, WEST_LEASE), isEndedLease(state, 'west/99000000')]).toEqual([true, false])
    expect(isEndedLease(state, 'no lease')).toBe(false)
  })

  test('a gateway whose lease ran out is reported once; one that returned its lease is not', () => {
    const state = initialState(east)
    after(state, renewed(EAST_LEASE, { ...BOTH, 'north/3000000': '0' }))
    after(state, renewed(EAST_LEASE, { ...BOTH, 'north/3000000': 'left' }))
    const gone = { type: 'gatewayGone', gatewayId: west }
    expect(after(state, renewed(EAST_LEASE, { [EAST_LEASE]: '1' }))).toEqual([gone])
    expect(after(state, renewed(EAST_LEASE, { [EAST_LEASE]: '1' }))).toEqual([])
  })

  test('a failed renewal and the next success are each reported once', () => {
    const state = initialState(east)
    const failed: RegistryInput = { type: 'renewalFailed' }
    expect(after(state, failed)).toEqual([{ type: 'reachableChanged', isReachable: false }])
    expect(after(state, failed)).toEqual([])
    const effects = after(state, renewed(EAST_LEASE, BOTH))
    expect(effects).toContainEqual({ type: 'reachableChanged', isReachable: true })
  })
})

describe('registrations', () => {
  const added = (userId: typeof alice): RegistryInput => ({ type: 'userAdded', userId })

  test('all users are written again under a new lease, and the resync follows when they are', () => {
    const state = initialState(east)
    after(state, added(alice), added(bob))
    expect(after(state, renewed(EAST_LEASE, BOTH))).toEqual([
      { type: 'awaitOthers' },
      { type: 'writeUnwritten', userIds: [alice, bob] },
    ])
    expect(after(state, { type: 'unwrittenWritten' })).toEqual([{ type: 'reregistered' }])
  })

  test('under a new lease, a second resync follows when others can know of this gateway', () => {
    const state = initialState(east)
    after(state, added(alice), renewed(EAST_LEASE, BOTH), { type: 'unwrittenWritten' })
    expect(after(state, { type: 'othersKnowThisGateway' })).toEqual([{ type: 'reregistered' }])
  })

  test('a new connection makes all users be written again at the next renewal', () => {
    const state = initialState(east)
    after(state, added(alice), renewed(EAST_LEASE, BOTH), { type: 'unwrittenWritten' })
    after(state, { type: 'connected' })
    const effects = after(state, renewed(EAST_LEASE, BOTH))
    expect(effects).toEqual([{ type: 'writeUnwritten', userIds: [alice] }])
  })

  test('a failed write is repeated at the next renewal, and no resync is reported before', () => {
    const state = initialState(east)
    after(state, added(alice), renewed(EAST_LEASE, BOTH))
    after(state, { type: 'writeFailed', userId: alice, nowMs: 1 })
    expect(after(state, { type: 'unwrittenWritten' })).toEqual([])
    const effects = after(state, renewed(EAST_LEASE, BOTH))
    expect(effects).toEqual([{ type: 'writeUnwritten', userIds: [alice] }])
    expect(after(state, { type: 'unwrittenWritten' })).toEqual([{ type: 'reregistered' }])
  })

  test('a failed write of a user who has left is repeated only while the lease is valid', () => {
    const state = initialState(east)
    after(state, renewed(EAST_LEASE, BOTH), { type: 'unwrittenWritten' })
    after(state, { type: 'writeFailed', userId: alice, nowMs: LEASE_MS })
    expect(state.unwritten).toEqual(new Set())
    after(state, { type: 'writeFailed', userId: alice, nowMs: LEASE_MS - 1 })
    expect(state.unwritten).toEqual(new Set([alice]))
  })

  test('are written once at a time', () => {
    const state = initialState(east)
    after(state, added(alice), renewed(EAST_LEASE, BOTH), { type: 'connected' })
    expect(after(state, renewed(EAST_LEASE, BOTH))).toEqual([])
  })

  test('a late registration causes a resync, unless no user is left or the registry is closed', () => {
    const state = initialState(east)
    after(state, added(alice), renewed(EAST_LEASE, BOTH), { type: 'unwrittenWritten' })
    expect(after(state, { type: 'registeredLate' })).toEqual([{ type: 'reregistered' }])
    after(state, { type: 'userRemoved', userId: alice })
    expect(after(state, { type: 'registeredLate' })).toEqual([])
    expect(after(state, added(alice), { type: 'closed' }, { type: 'registeredLate' })).toEqual([])
  })
})

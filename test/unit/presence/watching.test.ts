import { expect, test } from 'vitest'
import type { UserId } from '../../../src/ids.ts'
import { OpenStreams } from '../../../src/presence/open-streams.ts'
import { PresenceStream } from '../../../src/presence/presence-stream.ts'
import {
  candidates,
  INITIAL,
  transition,
  type WatchEffect,
  type WatchInput,
  type WatchState,
} from '../../../src/presence/watching.ts'
import type { PresenceState } from '../../../src/events/presence-state.ts'
import { alice, bob, carol } from '../../harness/fixtures/chat-events.ts'

/** Applies inputs one after the other, while bob watches alice. Effects are returned and not performed. */
class Gateway {
  readonly streams = new OpenStreams()
  readonly stream = new PresenceStream({ viewerId: bob, userIds: [alice], onClose: () => undefined })
  state: WatchState = INITIAL

  constructor() {
    this.streams.add(this.stream)
  }

  /** Returns the effects that do something. */
  apply(input: WatchInput): readonly WatchEffect[] {
    const { state, effects } = transition(this.state, input, this.streams)
    this.state = state
    return effects.filter(doesSomething)
  }
}

function doesSomething(effect: WatchEffect): boolean {
  if ('userIds' in effect) return effect.userIds.length > 0
  if (effect.type === 'check-access') return effect.states.length > 0
  if (effect.type === 'conceal') return effect.grants.length > 0
  return true
}

function stateOf(userId: UserId, online: boolean | null, asOf = 1): PresenceState {
  return { userId, online, lastSeenAt: null, asOf }
}

const unsure = (userId: UserId): WatchInput => ({ type: 'states-read', states: [stateOf(userId, null)] })

test('an edge leads to a check of access only if it changes what a stream shows', () => {
  const it = new Gateway()
  const online = stateOf(alice, true)
  expect(it.apply({ type: 'edges', states: [online, stateOf(carol, true)] })).toEqual([
    { type: 'check-access', states: [online] },
  ])
  it.stream.show(online)
  expect(it.apply({ type: 'edges', states: [stateOf(alice, true, 2)] })).toEqual([])
  expect(candidates([stateOf(alice, false, 2)], it.streams)).toMatchObject([{ userId: alice }])
})

test('access that was checked shows the state as far as it is known at that moment', () => {
  const it = new Gateway()
  const candidate = { stream: it.stream, userId: alice, state: stateOf(alice, false) }
  expect(it.apply({ type: 'access-checked', allowed: [candidate] })).toMatchObject([
    { type: 'show', candidates: [{ state: { online: false } }] },
  ])
  it.apply({ type: 'confidence-changed', confidence: 'online-only' })
  expect(it.apply({ type: 'access-checked', allowed: [candidate] })).toMatchObject([
    { type: 'show', candidates: [{ state: { online: null, isInGracePeriod: true } }] },
  ])
})

test('a failed read shows unknown to viewers who were shown nothing yet', () => {
  const [effect] = new Gateway().apply({ type: 'read-failed', userIds: [alice] })
  expect(effect).toMatchObject({ type: 'check-access', states: [{ userId: alice, online: null }] })
})

test('a review reads the users who are still allowed, and conceals the others', () => {
  const it = new Gateway()
  const grant = { stream: it.stream, userId: alice }
  expect(it.apply({ type: 'memberships-changed', userIds: [bob, carol] })).toEqual([
    { type: 'review-access', userIds: [bob] },
  ])
  expect(it.apply({ type: 'access-reviewed', allowed: [grant], denied: [] })).toEqual([
    { type: 'read', userIds: [alice] },
  ])
  expect(it.apply({ type: 'access-reviewed', allowed: [], denied: [grant] })).toEqual([
    { type: 'conceal', grants: [grant] },
  ])
})

test('an unsure state is read again, and a user shown as online is concealed if it is still unsure', () => {
  const it = new Gateway()
  it.stream.show(stateOf(alice, true))
  expect(it.apply(unsure(alice))).toEqual([])
  expect(it.apply(unsure(alice))).toEqual([])
  expect(it.apply({ type: 'retry-due' })).toEqual([{ type: 'read', userIds: [alice] }])
  expect(it.apply(unsure(alice))).toMatchObject([{ type: 'conceal', grants: [{ userId: alice }] }])
})

test('a user who looks offline stays so while the store is unsure', () => {
  const it = new Gateway()
  it.stream.show(stateOf(alice, false))
  it.apply(unsure(alice))
  it.apply({ type: 'retry-due' })
  expect(it.apply(unsure(alice))).toEqual([])
})

test('only consecutive retries count', () => {
  const it = new Gateway()
  it.stream.show(stateOf(alice, true))
  it.apply(unsure(alice))
  it.apply({ type: 'retry-due' })
  it.apply({ type: 'retry-due' })
  expect(it.apply(unsure(alice))).toEqual([])
})

test('a grace period is not a sign that the store is unsure', () => {
  const it = new Gateway()
  it.apply({ type: 'states-read', states: [{ ...stateOf(alice, null), isInGracePeriod: true }] })
  expect(it.apply({ type: 'retry-due' })).toEqual([])
})

test('a change of confidence conceals all users or reads them again, once', () => {
  const it = new Gateway()
  const lost: WatchInput = { type: 'confidence-changed', confidence: 'none' }
  expect(it.apply(lost)).toMatchObject([{ type: 'conceal', grants: [{ userId: alice }] }])
  expect(it.apply(lost)).toEqual([])
  const gained: WatchInput = { type: 'confidence-changed', confidence: 'full' }
  expect(it.apply(gained)).toEqual([{ type: 'read', userIds: [alice] }])
})

test('a restart of the store resets the order before all watched users are read', () => {
  expect(new Gateway().apply({ type: 'store-restarted' })).toEqual([
    { type: 'reset-order' },
    { type: 'read', userIds: [alice] },
  ])
})

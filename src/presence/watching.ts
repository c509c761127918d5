import type { UserId } from '../ids.ts'
import type { PresenceState } from '../events/presence-state.ts'
import type { OpenGrant, OpenStreams } from './open-streams.ts'
import { type Confidence, withConfidence } from './presence-view.ts'

/** The state of watching on this gateway, beside the open streams themselves. */
export type WatchState = Readonly<{
  confidence: Confidence
  /** Users with an unsure state since the last retry. */
  unsure: ReadonlySet<UserId>
  /** Users with an unsure state before the last retry, which reads them again. */
  retried: ReadonlySet<UserId>
}>

export type WatchInput =
  /** A stream is open, and changes of its viewer's chats are followed from now on. */
  | Readonly<{ type: 'stream-ready'; userIds: readonly UserId[] }>
  /** A stream was closed. No other stream shows these users. */
  | Readonly<{ type: 'stream-closed'; unwatched: readonly UserId[] }>
  /** Edges arrived: of any users, in any order. */
  | Readonly<{ type: 'edges'; states: readonly PresenceState[] }>
  /** The store returned these states. */
  | Readonly<{ type: 'states-read'; states: readonly PresenceState[] }>
  | Readonly<{ type: 'read-failed'; userIds: readonly UserId[] }>
  /** The viewers of these grants may see these states. */
  | Readonly<{ type: 'access-checked'; allowed: readonly Candidate[] }>
  /** These users joined or left a chat. */
  | Readonly<{ type: 'memberships-changed'; userIds: readonly UserId[] }>
  | Readonly<{ type: 'access-reviewed'; allowed: readonly OpenGrant[]; denied: readonly OpenGrant[] }>
  /** It is time to read the unsure users again. */
  | Readonly<{ type: 'retry-due' }>
  /** Edges may have been missed. */
  | Readonly<{ type: 'edges-missed' }>
  /** The store lost its data: the order of its states, and the watchers of users. */
  | Readonly<{ type: 'store-restarted' }>
  | Readonly<{ type: 'confidence-changed'; confidence: Confidence }>

export type WatchEffect =
  /** Register or unregister these users with the store, as they are watched then or not. Read the watched ones. */
  | Readonly<{ type: 'read'; userIds: readonly UserId[] }>
  /** Check which viewers may see these states. */
  | Readonly<{ type: 'check-access'; states: readonly PresenceState[] }>
  /** Check whether all grants of these users still hold. */
  | Readonly<{ type: 'review-access'; userIds: readonly UserId[] }>
  | Readonly<{ type: 'show'; candidates: readonly Candidate[] }>
  | Readonly<{ type: 'conceal'; grants: readonly OpenGrant[] }>
  | Readonly<{ type: 'reset-order' }>

/** A state that one stream would show. */
export type Candidate = OpenGrant & Readonly<{ state: PresenceState }>

type Streams = Pick<OpenStreams, 'all' | 'grantsOf' | 'isInvolved' | 'isWatched' | 'streamsOf' | 'userIds'>

type Outcome = Readonly<{ state: WatchState; effects: readonly WatchEffect[] }>

export const INITIAL: WatchState = { confidence: 'full', unsure: new Set(), retried: new Set() }

/**
 *   stream ready or closed ────┐
 *   edges missed ──────────────┤
 *   store restarted ───────────┼──▶ read ──────────┐
 *   confidence gained ─────────┤                   ├─ changes only ─▶ check access ─ allowed ─▶ show
 *   retry due ─────────────────┤     edges ────────┘
 *                              │
 *                           allowed
 *                              │
 *   memberships changed ─▶ review access ─ denied ─▶ conceal
 *   confidence lost ────────────────────────────────────▲
 *                                                       │ if shown as online
 *   certain ─ unsure ─▶ unsure ─ retry due ─▶ retried ──┴ unsure
 *
 * Access is checked whenever a state is shown. A viewer who loses access is shown unknown at once. The next edge must
 * not cause that, because it would reveal that the user was active.
 *
 * After the store lost its data, gateways replay all activities within one retry interval. If the store is unsure of a
 * user even then, the user's window may have ended without an edge. So a user who is shown as online becomes unknown. A
 * user who is shown as offline stays so, because a replayed activity would have brought them online.
 *
 * Reads the streams and never changes them.
 */
export function transition(state: WatchState, input: WatchInput, streams: Streams): Outcome {
  switch (input.type) {
    case 'stream-ready':
      return { state, effects: [read(input.userIds)] }
    case 'stream-closed':
      return { state, effects: [read(input.unwatched)] }
    case 'edges':
      return { state, effects: [checkChanges(input.states, streams)] }
    case 'states-read':
      return statesRead(state, input.states, streams)
    case 'read-failed':
      return { state, effects: [{ type: 'check-access', states: input.userIds.map(unknownState) }] }
    case 'access-checked':
      return { state, effects: [{ type: 'show', candidates: input.allowed.map(limitTo(state.confidence)) }] }
    case 'memberships-changed': {
      const userIds = input.userIds.filter((userId) => streams.isInvolved(userId))
      return { state, effects: [{ type: 'review-access', userIds }] }
    }
    case 'access-reviewed': {
      const { allowed, denied } = input
      return {
        state,
        effects: [read(allowed.map(({ userId }) => userId)), { type: 'conceal', grants: denied }],
      }
    }
    case 'retry-due': {
      const userIds = [...state.unsure].filter((userId) => streams.isWatched(userId))
      return { state: { ...state, unsure: new Set(), retried: state.unsure }, effects: [read(userIds)] }
    }
    case 'edges-missed':
      return { state, effects: [read(streams.userIds())] }
    case 'store-restarted':
      return { state, effects: [{ type: 'reset-order' }, read(streams.userIds())] }
    case 'confidence-changed':
      return confidenceChanged(state, input.confidence, streams)
    default:
      return input satisfies never
  }
}

/** The states that open streams would show. */
export function candidates(
  states: readonly PresenceState[],
  streams: Pick<Streams, 'streamsOf'>,
): Candidate[] {
  return states.flatMap((state) => {
    const changed = streams.streamsOf(state.userId).filter((stream) => stream.isChange(state))
    return changed.map((stream) => ({ stream, userId: state.userId, state }))
  })
}

function statesRead(state: WatchState, read: readonly PresenceState[], streams: Streams): Outcome {
  const states = read.map((one) => withConfidence(one, state.confidence))
  const unsure = states.filter(isUnsure).map(({ userId }) => userId)
  const twiceUnsure = unsure.filter((userId) => state.retried.has(userId))
  const grants = twiceUnsure.flatMap((userId) =>
    streams
      .streamsOf(userId)
      .filter((stream) => stream.showsOnline(userId))
      .map((stream) => ({ stream, userId })),
  )
  return {
    state: unsure.length === 0 ? state : { ...state, unsure: state.unsure.union(new Set(unsure)) },
    effects: [checkChanges(states, streams), { type: 'conceal', grants }],
  }
}

function confidenceChanged(state: WatchState, confidence: Confidence, streams: Streams): Outcome {
  if (confidence === state.confidence) return { state, effects: [] }
  const next = { ...state, confidence }
  if (confidence !== 'none') return { state: next, effects: [read(streams.userIds())] }
  const grants = streams.all().flatMap((stream) => stream.userIds.map((userId) => ({ stream, userId })))
  return { state: next, effects: [{ type: 'conceal', grants }] }
}

function read(userIds: readonly UserId[]): WatchEffect {
  return { type: 'read', userIds }
}

function checkChanges(states: readonly PresenceState[], streams: Streams): WatchEffect {
  const changes = states.filter((state) =>
    streams.streamsOf(state.userId).some((stream) => stream.isChange(state)),
  )
  return { type: 'check-access', states: changes }
}

function limitTo(confidence: Confidence): (candidate: Candidate) => Candidate {
  return (candidate) => ({ ...candidate, state: withConfidence(candidate.state, confidence) })
}

function isUnsure({ online, isInGracePeriod }: PresenceState): boolean {
  return online === null && isInGracePeriod !== true
}

function unknownState(userId: UserId): PresenceState {
  return { userId, online: null, lastSeenAt: null, asOf: -Infinity }
}

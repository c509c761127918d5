import type { ChatEvent } from '../events/chat-event.ts'
import type { Seq } from '../ids.ts'
import type { Claim, Followed, FollowerId } from './follower-store.ts'

/** Events between two seqs that retention deleted before the follower has processed them. */
export type LogGap = Readonly<{ type: 'gap'; afterSeq: Seq; untilSeq: Seq }>

/**
 * The outcome of one event.
 * - `done`: continue with the next one
 * - `wait`: it is not time for it yet; the same event again after `forMs`
 * - `retry`: it failed; the same event again, not before `afterMs`
 * - `stopped`: the follower is paused
 */
export type Handled = Readonly<
  | { type: 'done' }
  | { type: 'wait'; forMs: number }
  | { type: 'retry'; afterMs: number; reason: string }
  | { type: 'stopped' }
>

type Common = Readonly<{
  id: FollowerId
  /** How many chats may be processed at once. */
  maxConcurrent: number
}>

/** Processes the events of any chat, those of one chat one after the other, in order of seq. */
export type LogFollower = Common &
  Readonly<{
    source: 'LOGS'
    /** Returns whether to handle the event; the others are skipped. */
    wants(item: ChatEvent | LogGap): boolean
    /** Handles one event. `attempts`: how often it has failed before, in a row. */
    handle(chat: Followed, item: ChatEvent | LogGap, attempts: number): Promise<Handled>
  }>

/** Processes the present state of members or users that have changed. Several changes may become one. */
export type StateFollower = Common &
  Readonly<{
    source: 'RECEIPTS' | 'USERS' | 'PUSHES'
    /** Handles the state of the member or user that the claim names, which must be read after the claim. */
    handle(claim: Claim): Promise<Handled>
  }>

export type Follower = LogFollower | StateFollower

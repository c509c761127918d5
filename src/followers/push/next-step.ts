import type { Seq } from '../../ids.ts'
import type { DueReason } from '../due-store.ts'

/** The pushes to a device about a chat, and how far its person has read since. */
export type PushState = Readonly<{
  /** The message that the device was notified about. 0: none. */
  sentSeq: Seq
  /** The newest message that it may have been notified about: `sentSeq`, or one without a recorded answer. */
  attemptedSeq: Seq
  /** The message that the provider refused for good. 0: none. */
  refusedSeq: Seq
  /** Whether the device may show the notification. */
  isShown: boolean
  /** After a failure: not before this moment. */
  retryAt: Date | null
  ackedSeq: Seq
  readSeq: Seq
}>

/** The newest message that the person has not read, the due rule's reason for this device, and when it may be sent. */
export type Unread = Readonly<{ seq: Seq; reason: DueReason | undefined; dueAtMs: number }>

/**
 * What to do for one device:
 * - `notify`: send a message about the newest unread one
 * - `withdraw`: tell the device to remove its notification
 * - `settle`: the device has the message, so that it knows what was read and removes the notification itself
 * - `wait`: there is something to do at `atMs`
 */
export type Step = Readonly<
  | { type: 'none' }
  | { type: 'notify' }
  | { type: 'withdraw' }
  | { type: 'settle' }
  | { type: 'wait'; atMs: number }
>

const NONE: Step = { type: 'none' }

/*
 *                    a newer message is due
 *              ┌───────────────────────────────┐
 *              ▼                               │
 *   nothing ──▶ notify ──▶ shown ──────────────┘
 *                            │ it is read, or deleted
 *                            ├── the device is behind ──▶ withdraw ──▶ nothing
 *                            └── the device has it    ──▶ settle   ──▶ nothing
 *
 * A device that is behind does not know what was read, so it is told. One that has acknowledged the message receives
 * the receipt as well. An attempt counts as shown until the provider says no, so it is repeated or withdrawn.
 */
export function nextStep(state: PushState, unread: Unread | undefined, nowMs: number): Step {
  const step = wantedStep(state, unread)
  if (step.type === 'none' || step.type === 'settle') return step
  const dueAtMs = step.type === 'notify' && unread !== undefined ? unread.dueAtMs : -Infinity
  const atMs = Math.max(dueAtMs, state.retryAt?.getTime() ?? -Infinity)
  return atMs > nowMs ? { type: 'wait', atMs } : step
}

function wantedStep(
  { sentSeq, attemptedSeq, refusedSeq, isShown, ackedSeq, readSeq }: PushState,
  unread: Unread | undefined,
): Step {
  const isNew = unread !== undefined && unread.seq > Math.max(sentSeq, refusedSeq)
  if (isNew && unread.reason === 'DUE') return { type: 'notify' }
  // If the message was deleted, the newest unread one is older.
  const isOver = readSeq >= attemptedSeq || (unread?.seq ?? 0) < attemptedSeq
  if (!isShown || !isOver) return NONE
  return { type: ackedSeq >= attemptedSeq ? 'settle' : 'withdraw' }
}

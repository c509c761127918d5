import { expect, test } from 'vitest'
import type { DueReason } from '../../../../src/followers/due-store.ts'
import { nextStep, type PushState, type Unread } from '../../../../src/followers/push/next-step.ts'

const NOW = 1_000_000
const FRESH: PushState = {
  sentSeq: 0,
  attemptedSeq: 0,
  refusedSeq: 0,
  isShown: false,
  retryAt: null,
  ackedSeq: 0,
  readSeq: 0,
}
const SHOWN = { ...FRESH, sentSeq: 5, attemptedSeq: 5, isShown: true }
/** The gateway died before the answer, or the answer was lost. */
const UNSURE = { ...FRESH, attemptedSeq: 5, isShown: true }
/** As above, with an earlier notification. */
const UNSURE_AGAIN = { ...SHOWN, attemptedSeq: 7 }
const unread = (seq: number, reason: DueReason | undefined = 'DUE', dueAtMs = NOW): Unread => ({
  seq,
  reason,
  dueAtMs,
})

test.each<[name: string, state: PushState, unread: Unread | undefined, step: string]>([
  ['nothing is unread', FRESH, undefined, 'none'],
  ['a message is due', FRESH, unread(5), 'notify'],
  ['the device has the message', { ...FRESH, ackedSeq: 5 }, unread(5, 'ACKNOWLEDGED'), 'none'],
  ['the chat is muted', FRESH, unread(5, 'MUTED'), 'none'],
  ['the device is not among those of the rule', FRESH, { ...unread(5), reason: undefined }, 'none'],
  ['the device was notified already', SHOWN, unread(5), 'none'],
  ['a newer message came', SHOWN, unread(6), 'notify'],
  ['the provider refused it', { ...FRESH, refusedSeq: 5 }, unread(5), 'none'],
  ['a newer one than the refused came', { ...FRESH, refusedSeq: 5 }, unread(6), 'notify'],
  ['everything is read', { ...SHOWN, readSeq: 5 }, undefined, 'withdraw'],
  ['the message was deleted', SHOWN, undefined, 'withdraw'],
  ['the message was deleted, and an older one is unread', SHOWN, unread(3), 'withdraw'],
  ['it is read, and the chat is muted', { ...SHOWN, readSeq: 5 }, unread(6, 'MUTED'), 'withdraw'],
  ['it is read, and a newer one is due', { ...SHOWN, readSeq: 5 }, unread(6), 'notify'],
  ['it is read, and the device has it', { ...SHOWN, readSeq: 5, ackedSeq: 5 }, undefined, 'settle'],
  ['an attempt has no answer', UNSURE, unread(5), 'notify'],
  ['an attempt has no answer, and the message is read', { ...UNSURE, readSeq: 5 }, undefined, 'withdraw'],
  ['an attempt has no answer, and the message was deleted', UNSURE, undefined, 'withdraw'],
  ['an attempt has no answer, and the chat is muted', UNSURE, unread(5, 'MUTED'), 'none'],
  [
    'an attempt has no answer, and the device has the message',
    { ...UNSURE, readSeq: 5, ackedSeq: 5 },
    undefined,
    'settle',
  ],
  ['the last attempt has no answer', UNSURE_AGAIN, unread(7), 'notify'],
  [
    'the last attempt has no answer, and the device has the message before it',
    { ...UNSURE_AGAIN, readSeq: 7, ackedSeq: 5 },
    undefined,
    'withdraw',
  ],
  ['it was withdrawn', { ...SHOWN, isShown: false, readSeq: 5 }, undefined, 'none'],
])('if %s: %s', (_, state, message, step) => {
  expect(nextStep(state, message, NOW).type).toBe(step)
})

test('waits until a message is due, and until a failed attempt may be repeated', () => {
  const retryAt = new Date(NOW + 500)
  expect(nextStep(FRESH, unread(5, 'DUE', NOW + 100), NOW)).toEqual({ type: 'wait', atMs: NOW + 100 })
  expect(nextStep({ ...FRESH, retryAt }, unread(5), NOW)).toEqual({ type: 'wait', atMs: NOW + 500 })
  expect(nextStep({ ...FRESH, retryAt }, unread(5, 'DUE', NOW + 900), NOW)).toEqual({
    type: 'wait',
    atMs: NOW + 900,
  })
  // A withdrawal does not wait for a newer message.
  expect(nextStep({ ...SHOWN, readSeq: 5 }, unread(6, 'MUTED', NOW + 900), NOW)).toEqual({ type: 'withdraw' })
  expect(nextStep({ ...SHOWN, readSeq: 5, retryAt }, undefined, NOW)).toEqual({
    type: 'wait',
    atMs: NOW + 500,
  })
  // A device without anything to do waits for nothing.
  expect(nextStep({ ...FRESH, retryAt }, undefined, NOW)).toEqual({ type: 'none' })
})

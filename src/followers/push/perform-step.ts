import type { ChatId, Seq, UserId } from '../../ids.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import type { Handled } from '../follower.ts'
import { waitMs } from '../schedule.ts'
import type { Step } from './next-step.ts'
import { messageAbout, type MessageText, withdrawalOf } from './push-content.ts'
import type { PushOutcome, PushProvider } from './push-provider.ts'
import type { PushDevice, PushRecord, PushStore, UnreadMessage } from './push-store.ts'
import type { TargetStore } from './target-store.ts'

export type StepParts = Readonly<{
  store: Pick<PushStore, 'attempt' | 'record'>
  targets: Pick<TargetStore, 'remove'>
  /** Returns the text of a message, for PUSH_CONTENT=full. Undefined: only ids are sent. */
  textOf: ((chatId: ChatId, seq: Seq) => Promise<MessageText | undefined>) | undefined
  clock: Clock
  metrics: Pick<Metrics, 'pushMessages' | 'pushDelay'>
  /** Returns a number from 0 to 1. Tests may choose another. */
  random?: () => number
}>

/** A failed attempt is repeated by the schedule, and no later than after this time, in milliseconds. */
const MAX_WAIT_MS = 600_000

const DONE: Handled = { type: 'done' }

/** One device of a member, and the newest message that the member has not read. */
export type Work = Readonly<{
  chatId: ChatId
  userId: UserId
  device: PushDevice
  provider: PushProvider
  message: UnreadMessage | undefined
}>

/*
 * A gateway may die between a push and the record of its outcome, and the answer of a provider may be lost. Then the
 * device may show the notification, and its person may read before the repetition. So the attempt is stored before the
 * push. It counts as shown until the provider says that it has not taken it.
 *
 * A withdrawal needs no such record: the notification counts as shown until the provider has taken the withdrawal.
 */
/** Performs a step for one device, and stores the outcome. */
export async function performStep(
  step: Exclude<Step['type'], 'wait'>,
  work: Work,
  parts: StepParts,
): Promise<Handled> {
  const { chatId, userId, device, provider, message } = work
  const key = { userId, deviceId: device.deviceId }
  switch (step) {
    case 'none':
      return DONE
    case 'settle':
      await parts.store.record(chatId, key, provider.name, { type: 'settled' })
      return DONE
    case 'withdraw': {
      const withdrawal = withdrawalOf({ chatId, otherChats: device.otherChats })
      return follow(await provider.send(device.target, withdrawal), { type: 'withdrawn' }, work, parts)
    }
    case 'notify': {
      if (message === undefined) return DONE
      const nowMs = parts.clock.now()
      const text = await parts.textOf?.(chatId, message.seq)
      const about = messageAbout(message, text, { chatId, nowMs, otherChats: device.otherChats })
      const isUnread = await parts.store.attempt(chatId, key, provider.name, message.seq)
      if (!isUnread) return { type: 'wait', forMs: 0 }
      const outcome = await provider.send(device.target, about)
      if (outcome.type === 'accepted')
        parts.metrics.pushDelay.observe((parts.clock.now() - message.sentAt.getTime()) / 1000)
      return follow(outcome, { type: 'sent', seq: message.seq }, work, parts)
    }
    default:
      return step satisfies never
  }
}

/** Stores what follows from a provider's answer. */
async function follow(
  outcome: PushOutcome,
  accepted: Extract<PushRecord, { type: 'sent' | 'withdrawn' }>,
  { chatId, userId, device, provider }: Work,
  { store, targets, metrics, random = Math.random }: StepParts,
): Promise<Handled> {
  const key = { userId, deviceId: device.deviceId }
  const { isShown, attemptedSeq } = device
  const shown = { isShown, attemptedSeq }
  // A withdrawal is about no message, so its refusal must not keep a later message from being sent.
  const seq = accepted.type === 'sent' ? accepted.seq : device.refusedSeq
  metrics.pushMessages.inc({
    provider: provider.name,
    outcome: outcome.type === 'accepted' ? accepted.type : outcome.type,
  })
  switch (outcome.type) {
    case 'accepted':
      await store.record(chatId, key, provider.name, accepted)
      return DONE
    case 'gone': {
      await targets.remove(key, device.target)
      const { reason } = outcome
      await store.record(chatId, key, provider.name, {
        type: 'refused',
        seq,
        reason,
        shown,
      })
      return DONE
    }
    case 'refused':
      await store.record(chatId, key, provider.name, { ...outcome, seq, shown })
      return DONE
    case 'retry': {
      const { reason, mayHaveArrived } = outcome
      const planned = Math.min(waitMs(device.attempts, undefined, random()), MAX_WAIT_MS)
      const afterMs = Math.max(planned, outcome.afterMs ?? 0)
      await store.record(chatId, key, provider.name, {
        type: 'failed',
        reason,
        afterMs,
        shown: mayHaveArrived === true ? undefined : shown,
      })
      return { type: 'retry', reason, afterMs }
    }
    default:
      return outcome satisfies never
  }
}

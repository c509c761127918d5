import type { ChatEvent } from '../../events/chat-event.ts'
import type { ChatId, Seq, UserId } from '../../ids.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import { canBeDue, type DueStore } from '../due-store.ts'
import type { Claim } from '../follower-store.ts'
import type { Follower, Handled, LogFollower, StateFollower } from '../follower.ts'
import { waitMs } from '../schedule.ts'
import { nextStep, type Unread } from './next-step.ts'
import { messageAbout, type MessageText, withdrawalOf } from './push-content.ts'
import type { PushOutcome, PushProvider } from './push-provider.ts'
import {
  followerOf,
  PLANNER,
  type PushDevice,
  type PushRecord,
  type PushStore,
  type UnreadMessage,
} from './push-store.ts'
import type { TargetStore } from './target-store.ts'

export type PushParts = Readonly<{
  providers: readonly PushProvider[]
  due: Pick<DueStore, 'dueToTargets' | 'ofMember'>
  store: Pick<PushStore, 'plan' | 'planWithdrawal' | 'devices' | 'unread' | 'attempt' | 'record'>
  targets: Pick<TargetStore, 'remove'>
  /** Returns when each of the users was last active; omits users who never were. */
  lastActive(userIds: readonly UserId[]): Promise<ReadonlyMap<UserId, number>>
  /** Returns the text of a message, for PUSH_CONTENT=full. Undefined: only ids are sent. */
  textOf: ((chatId: ChatId, seq: Seq) => Promise<MessageText | undefined>) | undefined
  clock: Clock
  metrics: Pick<Metrics, 'pushMessages' | 'pushDelay'>
  /** Returns a number from 0 to 1. Tests may choose another. */
  random?: () => number
}>

const MAX_PLANNED_CHATS = 16
const MAX_CONCURRENT = 128
/** A user who was active this long before a message may read it on another device, in milliseconds. */
const ACTIVE_MS = 60_000
/** So long, in milliseconds. */
const PATIENCE_MS = 10_000

/** A failed attempt is repeated by the schedule, and no later than after this time, in milliseconds. */
const MAX_WAIT_MS = 600_000

const DONE: Handled = { type: 'done' }

/*
 * Push has two stages, both with the laws of followers:
 *
 *   1. plan   for each message, in order of the log: mark each member with a device that it is due to, per provider
 *   2. send   for each marked member: read what is unread now, and bring each of their devices up to date
 *
 * The second stage reads the state when it runs, so ten messages of a chat become one push. A member's mark waits by
 * itself: no device, chat or provider waits for another. Reading or deleting leaves a mark as well, which withdraws.
 *
 * A gateway may die between a push and the record of its outcome, and the answer of a provider may be lost. Then the
 * device may show the notification, and its person may read before the repetition. So the attempt is stored before the
 * push. It counts as shown until the provider says that it has not taken it.
 */
export function pushFollowers(parts: PushParts): readonly Follower[] {
  return [planner(parts), ...parts.providers.map((provider) => sender(provider, parts))]
}

type MessageSent = Extract<ChatEvent, { type: 'MessageSent' }>
type MessageDeleted = Extract<ChatEvent, { type: 'MessageDeleted' }>

function planner({ due, store, lastActive, clock }: PushParts): LogFollower {
  return {
    id: PLANNER,
    source: 'LOGS',
    maxConcurrent: MAX_PLANNED_CHATS,
    wants: ({ type }) => type === 'MessageSent' || type === 'MessageDeleted',
    async handle({ chatId }, item) {
      const { type, message } = item as MessageSent | MessageDeleted
      if (type === 'MessageDeleted') {
        await store.planWithdrawal(chatId, message.seq)
        return DONE
      }
      if (!canBeDue(message, clock.now())) return DONE
      const userIds = [...new Set((await due.dueToTargets(message)).map(({ userId }) => userId))]
      const activeAt = userIds.length === 0 ? new Map<UserId, number>() : await lastActive(userIds)
      const members = userIds.map((userId) => ({
        userId,
        dueAt: new Date(dueAtMs(message.sentAt, activeAt.get(userId))),
      }))
      await store.plan(chatId, members)
      return DONE
    },
  }
}

/** Users who are active on another device get some time to read there. */
function dueAtMs(sentAt: Date, activeAtMs: number | undefined): number {
  const isActive = activeAtMs !== undefined && activeAtMs >= sentAt.getTime() - ACTIVE_MS
  return sentAt.getTime() + (isActive ? PATIENCE_MS : 0)
}

function sender(provider: PushProvider, parts: PushParts): StateFollower {
  const { store, due, lastActive, clock } = parts

  async function unreadOf(chatId: ChatId, userId: UserId, devices: readonly PushDevice[]) {
    const sentSeq = Math.max(...devices.map((device) => device.sentSeq))
    const message = await store.unread(chatId, userId, sentSeq)
    if (message === undefined) return undefined
    const { seq, senderId, firstSentAt } = message
    const decisions = await due.ofMember({ chatId, seq, senderId }, userId)
    const isDue = decisions.some(({ reason }) => reason === 'DUE')
    const activeAt = isDue ? (await lastActive([userId])).get(userId) : undefined
    const reasons = new Map(decisions.map(({ deviceId, reason }) => [deviceId, reason]))
    return { message, reasons, dueAtMs: dueAtMs(firstSentAt ?? message.sentAt, activeAt) }
  }

  async function handle({ chatId, userId }: Claim): Promise<Handled> {
    const devices = userId === undefined ? [] : await store.devices(chatId, userId, provider.name)
    if (userId === undefined || devices.length === 0) return DONE
    const found = await unreadOf(chatId, userId, devices)
    const outcomes = devices.map(async (device): Promise<Handled> => {
      const unread: Unread | undefined = found && {
        seq: found.message.seq,
        reason: found.reasons.get(device.deviceId),
        dueAtMs: found.dueAtMs,
      }
      const step = nextStep(device, unread, clock.now())
      const work = { chatId, userId, device, provider, message: found?.message }
      return step.type === 'wait' ? laterAt(step.atMs, clock) : act(step.type, work, parts)
    })
    return soonest(await Promise.all(outcomes))
  }

  return { id: followerOf(provider.name), source: 'PUSHES', maxConcurrent: MAX_CONCURRENT, handle }
}

type Work = Readonly<{
  chatId: ChatId
  userId: UserId
  device: PushDevice
  provider: PushProvider
  message: UnreadMessage | undefined
}>

/** Performs a step for one device, and stores what came of it. A crash in between repeats it, or withdraws it. */
async function act(
  step: 'none' | 'notify' | 'withdraw' | 'settle',
  work: Work,
  parts: PushParts,
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
  { chatId, userId, device, provider, message }: Work,
  { store, targets, metrics, random = Math.random }: PushParts,
): Promise<Handled> {
  const key = { userId, deviceId: device.deviceId }
  const { isShown, attemptedSeq } = device
  const shown = { isShown, attemptedSeq }
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
        seq: message?.seq ?? 0,
        reason,
        shown,
      })
      return DONE
    }
    case 'refused': {
      const seq = message?.seq ?? device.sentSeq
      await store.record(chatId, key, provider.name, { ...outcome, seq, shown })
      return DONE
    }
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

function laterAt(atMs: number, clock: Clock): Handled {
  return { type: 'wait', forMs: Math.max(0, atMs - clock.now()) }
}

/** The mark stays until every device is done, and is due when the first of the others is. */
function soonest(outcomes: readonly Handled[]): Handled {
  const waitOf = (one: Handled): number =>
    one.type === 'wait' ? one.forMs : one.type === 'retry' ? one.afterMs : Infinity
  return outcomes.reduce((first, one) => (waitOf(one) < waitOf(first) ? one : first), DONE)
}

import type { ChatEvent } from '../../events/chat-event.ts'
import type { ChatId, UserId } from '../../ids.ts'
import type { Clock } from '../../lib/clock.ts'
import { canBeDue, type DueStore } from '../due-store.ts'
import type { Claim } from '../follower-store.ts'
import type { Follower, Handled, LogFollower, StateFollower } from '../follower.ts'
import { nextStep, type Unread } from './next-step.ts'
import { performStep, type StepParts } from './perform-step.ts'
import type { PushProvider } from './push-provider.ts'
import { followerOf, PLANNER, type PushDevice, type PushStore } from './push-store.ts'

export type PushParts = StepParts &
  Readonly<{
    providers: readonly PushProvider[]
    due: Pick<DueStore, 'dueToTargets' | 'ofMember'>
    store: Pick<PushStore, 'plan' | 'planWithdrawal' | 'devices' | 'unread'>
    /** Returns when each of the users was last active; omits users who never were. */
    lastActive(userIds: readonly UserId[]): Promise<ReadonlyMap<UserId, number>>
  }>

const MAX_PLANNED_CHATS = 16
const MAX_CONCURRENT = 128
/** A user who was active this long before a message may read it on another device, in milliseconds. */
const ACTIVE_MS = 60_000
/** So long, in milliseconds. */
const PATIENCE_MS = 10_000

const DONE: Handled = { type: 'done' }

/*
 * Push has two stages, both with the laws of followers:
 *
 *   1. plan   for each message, in order of the log: mark each member with a device that it is due to, per provider
 *   2. send   for each marked member: read what is unread now, and bring each of their devices up to date
 *
 * The second stage reads the state when it runs, so ten messages of a chat become one push. A member's mark waits by
 * itself: no device, chat or provider waits for another. Reading or deleting leaves a mark as well, which withdraws.
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
      return step.type === 'wait' ? laterAt(step.atMs, clock) : performStep(step.type, work, parts)
    })
    return soonest(await Promise.all(outcomes))
  }

  return { id: followerOf(provider.name), source: 'PUSHES', maxConcurrent: MAX_CONCURRENT, handle }
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

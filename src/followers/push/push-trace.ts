import { type DeviceId, type MessageId, SYSTEM_USER_ID, type UserId } from '../../ids.ts'
import type { Writer } from '../../store/sql/writer.ts'
import { createDueStore, type DueReason } from '../due-store.ts'
import type { PushProviderName } from './push-target.ts'
import { createTraceStore, type TracedDevice, type TracedMessage } from './trace-store.ts'

/** Why a device got a push about a message, or none. */
export type TracedDecision = Readonly<{
  userId: UserId
  /** Null once for a person without any device. */
  deviceId: DeviceId | null
  reason: DueReason
  provider: PushProviderName | null
  /** The outcome, in words. */
  push: string
}>

export type PushTrace = Readonly<{
  sentAt: Date
  /** Why the message is pushed to no device at all. Undefined: it can be. */
  never: string | undefined
  decisions: readonly TracedDecision[]
}>

/**
 * Explains for each device of each member the outcome of a message. The reason is that of the due rule now, and the
 * words tell what is stored about the device and the chat. The command line uses it, so it makes its own stores.
 *
 * Returns undefined if there is no such message.
 */
export async function tracePush(
  { writer, now }: Readonly<{ writer: Writer; now: Date }>,
  id: MessageId,
): Promise<PushTrace | undefined> {
  const store = createTraceStore({ writer })
  const message = await store.message(id)
  if (message === undefined) return undefined
  const [decisions, devices, isOn] = await Promise.all([
    createDueStore({ writer }).explain(message),
    store.devices(id.chatId),
    store.isOn(),
  ])
  const known = new Map(devices.map((device) => [keyOf(device), device]))
  return {
    sentAt: message.sentAt,
    never: neverPushed(message, isOn, now),
    decisions: decisions.map(({ userId, deviceId, reason }) => {
      const device = deviceId === null ? undefined : known.get(keyOf({ userId, deviceId }))
      const push = deviceId === null ? 'no device' : wordsOf(device, message, reason)
      return { userId, deviceId, reason, provider: device?.target ?? null, push }
    }),
  }
}

function keyOf({ userId, deviceId }: Readonly<{ userId: UserId; deviceId: DeviceId }>): string {
  return JSON.stringify([userId, deviceId])
}

function neverPushed(message: TracedMessage, isOn: boolean, now: Date): string | undefined {
  if (!isOn) return 'push is off: no provider is configured'
  if (message.senderId === SYSTEM_USER_ID) return 'a system message is never unread'
  if (message.deletedAt !== null) return `the message was deleted at ${message.deletedAt.toISOString()}`
  if (message.expiresAt !== null && message.expiresAt <= now)
    return `the message expired at ${message.expiresAt.toISOString()}`
  return undefined
}

/** The most certain fact first: what was sent, then what failed, then what is to come. */
function wordsOf(device: TracedDevice | undefined, { seq }: TracedMessage, reason: DueReason): string {
  if (device === undefined) return 'no target'
  const failure = failureOf(device, seq)
  const isWithdrawn = device.withdrawnAt !== null && !device.isShown
  const withdrawn = isWithdrawn ? `, withdrawn at ${device.withdrawnAt.toISOString()}` : ''
  if (device.sentAt !== null && device.sentSeq >= seq) {
    const about = device.sentSeq > seq ? ` about the later message ${device.sentSeq}` : ''
    return `sent${about} at ${device.sentAt.toISOString()}${withdrawn}${failure && `; ${failure}`}`
  }
  if (failure !== '') return failure
  if (device.attemptedSeq >= seq) return `perhaps sent: no answer is recorded${withdrawn}`
  if (device.target === null) return 'no target'
  if (reason !== 'DUE') return 'not sent'
  return device.dueAt === null ? 'not planned yet' : `waits until ${device.dueAt.toISOString()}`
}

function failureOf({ refusedSeq, attempts, retryAt, lastError, target }: TracedDevice, seq: number): string {
  if (lastError === null) return ''
  if (target === null) return `the target was removed: ${lastError}`
  if (refusedSeq >= seq) return `refused: ${lastError}`
  if (retryAt === null) return ''
  return `failed ${attempts} times, again at ${retryAt.toISOString()}: ${lastError}`
}

import type { ChatId } from '../../ids.ts'
import type { PushProviderName, PushTarget } from './push-target.ts'

/** A message to a device about one chat. It replaces the one before about that chat. */
export type PushMessage = Readonly<{
  /** `message`: show a notification. `withdrawal`: remove it. */
  type: 'message' | 'withdrawal'
  chatId: ChatId
  /** How long the provider keeps it for a device that is offline, in seconds. */
  ttlS: number
  /** The fields that the app receives. */
  data: Readonly<Record<string, string | number>>
  /** The text of the notification. Undefined: the app finds it by the ids. */
  text: Readonly<{ title: string; body: string }> | undefined
  /** How many chats the device shows notifications of. */
  badge: number
}>

/**
 * The answer of a provider. `reason` has its words.
 *
 * - `accepted`: it brings the message to the device
 * - `gone`: the target does not exist any more
 * - `refused`: it will not take this message, also later
 * - `retry`: it may take it later; not before `afterMs` if it says so. `isDown`: the fault is not one of the target.
 *   `mayHaveArrived`: there was no answer, so it may have taken it
 */
export type PushOutcome = Readonly<
  | { type: 'accepted' }
  | { type: 'gone'; reason: string }
  | { type: 'refused'; reason: string }
  | { type: 'retry'; reason: string; afterMs: number | undefined; isDown: boolean; mayHaveArrived?: true }
>

/**
 * Sends messages through one provider. A port; one contract suite holds every implementation to these laws:
 *
 * - A message is sent once per call, and the outcome is what the provider said. It never rejects.
 * - It answers within ten seconds, whatever the provider does.
 * - Messages about one chat have the same key for collapsing, those about different chats have different ones.
 */
export type PushProvider<Target extends PushTarget = PushTarget> = Readonly<{
  name: PushProviderName
  send(target: Target, message: PushMessage): Promise<PushOutcome>
}>

/** How long a provider may take for its answer, in milliseconds. */
export const PUSH_TIMEOUT_MS = 10_000
/** Of each request. So much of an answer is read, for its words. */
export const REQUEST_LIMITS = { timeoutMs: PUSH_TIMEOUT_MS, maxBodyBytes: 4_096 }

/** Identifies a chat for collapsing: 32 characters of base64url, the most that Web Push allows. */
export function collapseKeyOf(chatId: ChatId): string {
  return chatId.replaceAll('-', '')
}

/** Returns the outcome if the provider has not answered. */
export function unanswered(reason: string): PushOutcome {
  return { type: 'retry', reason, afterMs: undefined, isDown: true, mayHaveArrived: true }
}

/** Returns the outcome for a status that all providers use alike. */
export function outcomeOf(status: number, reason: string, retryAfterMs: number | undefined): PushOutcome {
  if (status >= 200 && status < 300) return { type: 'accepted' }
  if (status === 429) return { type: 'retry', reason, afterMs: retryAfterMs ?? 60_000, isDown: false }
  if (status >= 500) return { type: 'retry', reason, afterMs: retryAfterMs, isDown: true }
  return { type: 'refused', reason }
}

import { randomBytes } from 'node:crypto'

/** Types of events that a webhook can receive. */
export const WEBHOOK_TYPES = [
  'message.sent',
  'message.edited',
  'message.deleted',
  'reaction.changed',
  'member.added',
  'member.removed',
  'member.role_changed',
  'chat.updated',
  'chat.deleted',
  'user.changed',
  'receipt.advanced',
  'message.pending',
] as const
export type WebhookType = (typeof WEBHOOK_TYPES)[number]

/** Those that are posted only if they are asked for. */
const OPT_IN_TYPES: ReadonlySet<WebhookType> = new Set(['receipt.advanced', 'message.pending'])
export const DEFAULT_WEBHOOK_TYPES = WEBHOOK_TYPES.filter((type) => !OPT_IN_TYPES.has(type))

/** An address of the product that events are posted to. */
export type Webhook = Readonly<{
  /** The id of its follower of chat logs too; see `streamsOf`. */
  id: string
  url: string
  types: readonly WebhookType[]
  /** Whether events about messages have the text, not only ids. */
  hasContent: boolean
  /** Whether the address may be in a private network. Set by the operator only. */
  allowsPrivate: boolean
  /** How old a message is when `message.pending` is posted, if it is pending then. In seconds. */
  pendingAfterS: number
  /** Those that sign a message now: the present one first. */
  secrets: readonly string[]
  createdAt: Date
  /** Since when no attempt has succeeded. Null: the last one did. */
  failingSince: Date | null
  pausedAt: Date | null
  pauseReason: string | null
}>

const SECRET_BYTES = 32

/** Returns a new secret in the format of Standard Webhooks. */
export function newWebhookSecret(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`
}

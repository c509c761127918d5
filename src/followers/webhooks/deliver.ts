import { Webhook as Signer } from 'standardwebhooks'
import type { Handled } from '../follower.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Post, Posted } from '../../lib/outgoing-post.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import type { WebhookMessage } from './payload.ts'
import { PAUSED_AFTER_MS, waitMs } from '../schedule.ts'
import type { WebhookStore } from './webhook-store.ts'
import type { Webhook } from './webhook.ts'

/** How long a receiver may take for its answer, in milliseconds. */
const TIMEOUT_MS = 15_000
const MAX_CONCURRENT = 8
const GONE = 410

export type DeliveryParts = Readonly<{
  post: Post
  store: Pick<WebhookStore, 'setPaused' | 'setFailing'>
  clock: Clock
  metrics: Pick<Metrics, 'webhookDeliveries'>
  logger: Logger
  /** Returns a number from 0 to 1. Tests may choose another. */
  random?: () => number
}>

/** Posts a message once, signed with each secret of the webhook. */
export async function deliverOnce(
  webhook: Webhook,
  message: WebhookMessage,
  post: Post,
  now: Date,
): Promise<Posted> {
  const body = JSON.stringify({ type: message.type, timestamp: message.at.toISOString(), data: message.data })
  const signatures = webhook.secrets.map((secret) => new Signer(secret).sign(message.id, now, body))
  return post({
    url: webhook.url,
    allowsPrivate: webhook.allowsPrivate,
    timeoutMs: TIMEOUT_MS,
    body,
    headers: {
      'content-type': 'application/json',
      'webhook-id': message.id,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
      'webhook-signature': signatures.join(' '),
    },
  })
}

/** Returns why an attempt failed; undefined if it succeeded. */
export function failureOf(posted: Posted): string | undefined {
  if (posted.type === 'failed') return posted.reason
  if (posted.status >= 200 && posted.status < 300) return undefined
  return `status ${posted.status}`
}

/** Posts messages to one webhook, and decides what follows from the answers. */
export type Delivery = Readonly<{
  /** How many chats may be processed at once. While the last attempt has failed, one is tried. */
  maxConcurrent: number
  /** Posts a message. `attempts`: how often it has failed before. */
  deliver(message: WebhookMessage, attempts: number): Promise<Handled>
}>

/**
 * An event that fails is tried again by the schedule. A receiver that answers 410, or has failed for three days, is
 * paused: it keeps its positions and continues when it is resumed.
 */
export function createDelivery(
  webhook: Webhook,
  { post, store, clock, metrics, logger, random = Math.random }: DeliveryParts,
): Delivery {
  let { failingSince } = webhook

  async function noteSuccess(): Promise<void> {
    if (failingSince === null) return
    failingSince = null
    await store.setFailing(webhook.id, null)
    logger.info({ webhook: webhook.id }, 'webhook receiver answers again')
  }

  async function pause(reason: string): Promise<Handled> {
    await store.setPaused(webhook.id, reason)
    logger.error({ webhook: webhook.id, reason }, 'webhook paused; resume it with parley webhook resume')
    return { type: 'stopped' }
  }

  async function noteFailure(reason: string): Promise<Handled | undefined> {
    const now = new Date(clock.now())
    if (failingSince === null) {
      failingSince = now
      await store.setFailing(webhook.id, now)
      logger.warn({ webhook: webhook.id, reason }, 'webhook delivery failed; it is retried')
    }
    const hasFailedTooLong = now.getTime() - failingSince.getTime() > PAUSED_AFTER_MS
    return hasFailedTooLong ? pause(`failing since ${failingSince.toISOString()}: ${reason}`) : undefined
  }

  return {
    maxConcurrent: failingSince === null ? MAX_CONCURRENT : 1,
    async deliver(message, attempts) {
      const posted = await deliverOnce(webhook, message, post, new Date(clock.now()))
      const reason = failureOf(posted)
      metrics.webhookDeliveries.inc({ outcome: reason === undefined ? 'delivered' : 'failed' })
      if (reason === undefined) {
        await noteSuccess()
        return { type: 'done' }
      }
      if (posted.type === 'answered' && posted.status === GONE) return pause('the receiver answered 410 Gone')
      const retryAfterMs = posted.type === 'answered' ? posted.retryAfterMs : undefined
      const afterMs = waitMs(attempts, retryAfterMs, random())
      return (await noteFailure(reason)) ?? { type: 'retry', reason, afterMs }
    },
  }
}

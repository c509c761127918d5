import { importPKCS8, SignJWT } from 'jose'
import type { Clock } from '../../lib/clock.ts'
import type { Post } from '../../lib/outgoing-post.ts'
import {
  collapseKeyOf,
  outcomeOf,
  type PushMessage,
  type PushOutcome,
  type PushProvider,
  REQUEST_LIMITS,
  unanswered,
} from './push-provider.ts'
import type { ApnsTarget } from './push-target.ts'

export type ApnsOptions = Readonly<{
  /** The private key of Apple, in PEM. */
  key: string
  keyId: string
  teamId: string
  /** The bundle id of apps that name no other. */
  topic: string
  /** Replaces the servers of Apple, for a proxy. */
  url: string | undefined
  /** Sends over HTTP/2. */
  post: Post
  clock: Clock
}>

const PRODUCTION = 'https://api.push.apple.com'
const SANDBOX = 'https://api.sandbox.push.apple.com'
/** Apple takes a token for an hour, and refuses a new one within twenty minutes. */
const TOKEN_LIFETIME_MS = 45 * 60_000
const GONE: ReadonlySet<string> = new Set(['BadDeviceToken', 'Unregistered', 'DeviceTokenNotForTopic'])
const BAD_TOKEN: ReadonlySet<string> = new Set(['ExpiredProviderToken', 'InvalidProviderToken'])

/** The push service of Apple, by HTTP/2 with a token that is signed by ES256. */
export function createApns({
  key,
  keyId,
  teamId,
  topic,
  url,
  post,
  clock,
}: ApnsOptions): PushProvider<ApnsTarget> {
  let signed: Readonly<{ token: Promise<string>; at: number }> | undefined

  function token(): Promise<string> {
    const now = clock.now()
    if (signed === undefined || now - signed.at > TOKEN_LIFETIME_MS || now < signed.at)
      signed = { token: sign(now), at: now }
    return signed.token
  }

  async function sign(now: number): Promise<string> {
    return new SignJWT()
      .setProtectedHeader({ alg: 'ES256', kid: keyId })
      .setIssuer(teamId)
      .setIssuedAt(Math.floor(now / 1000))
      .sign(await importPKCS8(key, 'ES256'))
  }

  return {
    name: 'APNS',
    async send(target, message) {
      const isMessage = message.type === 'message'
      const posted = await post({
        url: `${url ?? (target.isSandbox ? SANDBOX : PRODUCTION)}/3/device/${target.token}`,
        headers: {
          authorization: `bearer ${await token()}`,
          'apns-topic': target.topic ?? topic,
          'apns-push-type': isMessage ? 'alert' : 'background',
          'apns-priority': isMessage ? '10' : '5',
          'apns-expiration': String(Math.floor(clock.now() / 1000) + message.ttlS),
          'apns-collapse-id': collapseKeyOf(message.chatId),
        },
        body: JSON.stringify(payloadOf(message)),
        allowsPrivate: true,
        ...REQUEST_LIMITS,
      })
      if (posted.type === 'failed') return unanswered(posted.reason)
      const reason = reasonOf(posted.body)
      if (BAD_TOKEN.has(reason)) signed = undefined
      return answerOf(posted.status, reason, posted.retryAfterMs)
    },
  }
}

/** A withdrawal wakes the app, which removes the notification. */
function payloadOf({ type, chatId, data, text, badge }: PushMessage): object {
  if (type === 'withdrawal') return { aps: { 'content-available': 1, badge }, parley: data }
  const alert = text ?? { title: 'New message' }
  const aps = { alert, badge, sound: 'default', 'thread-id': chatId, 'mutable-content': 1 }
  return { aps, parley: data }
}

function answerOf(status: number, reason: string, retryAfterMs: number | undefined): PushOutcome {
  if (status === 410 || GONE.has(reason)) return { type: 'gone', reason: `${status} ${reason}` }
  if (BAD_TOKEN.has(reason))
    return { type: 'retry', reason: `${status} ${reason}`, afterMs: retryAfterMs, isDown: true }
  return outcomeOf(status, `${status} ${reason}`, retryAfterMs)
}

function reasonOf(body: string): string {
  try {
    const { reason } = JSON.parse(body) as { reason?: unknown }
    return typeof reason === 'string' ? reason : ''
  } catch {
    return body.trim()
  }
}

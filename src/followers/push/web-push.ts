import webPush from 'web-push'
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
import type { WebPushTarget } from './push-target.ts'

export type WebPushOptions = Readonly<{
  vapid: Readonly<{ publicKey: string; privateKey: string; subject: string }>
  /** Whether endpoints may be in a private network. */
  allowsPrivate: boolean
  post: Post
}>

/**
 * Web Push for browsers: encrypted by RFC 8291, signed by RFC 8292, sent by RFC 8030. The library makes the request,
 * and Parley sends it, because an endpoint is input of a user: `post` connects to public addresses only.
 */
export function createWebPush({ vapid, allowsPrivate, post }: WebPushOptions): PushProvider<WebPushTarget> {
  function requestFor(
    { endpoint, p256dh, auth }: WebPushTarget,
    { type, chatId, ttlS, data, text }: PushMessage,
  ) {
    return webPush.generateRequestDetails(
      { endpoint, keys: { p256dh, auth } },
      JSON.stringify({ ...data, ...text }),
      {
        vapidDetails: vapid,
        TTL: ttlS,
        urgency: type === 'message' ? 'high' : 'normal',
        topic: collapseKeyOf(chatId),
        contentEncoding: 'aes128gcm',
      },
    )
  }

  return {
    name: 'WEB_PUSH',
    async send(target, message) {
      let request
      try {
        request = requestFor(target, message)
      } catch (error) {
        // The key of the target is no point on the curve.
        return { type: 'gone', reason: error instanceof Error ? error.message : 'the keys are not usable' }
      }
      const headers = Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value])
      const posted = await post({
        url: target.endpoint,
        headers: Object.fromEntries(headers) as Record<string, string>,
        body: request.body,
        allowsPrivate,
        ...REQUEST_LIMITS,
      })
      if (posted.type === 'failed')
        return posted.isForbidden === true
          ? { type: 'refused', reason: posted.reason }
          : unanswered(posted.reason)
      return answerOf(posted.status, posted.body, posted.retryAfterMs)
    },
  }
}

function answerOf(status: number, body: string, retryAfterMs: number | undefined): PushOutcome {
  const words = body.trim() === '' ? '' : `: ${body.trim()}`
  const reason = `${status}${words}`
  return status === 404 || status === 410 ? { type: 'gone', reason } : outcomeOf(status, reason, retryAfterMs)
}

import type { Post } from '../../lib/outgoing-post.ts'
import type { AccessToken } from './access-token.ts'
import {
  collapseKeyOf,
  outcomeOf,
  type PushMessage,
  type PushOutcome,
  type PushProvider,
  REQUEST_LIMITS,
  unanswered,
} from './push-provider.ts'
import type { FcmTarget } from './push-target.ts'

export type FcmOptions = Readonly<{
  projectId: string
  /** Replaces the server of Google, for a proxy. */
  url: string | undefined
  accessToken: AccessToken
  post: Post
}>

const GOOGLE = 'https://fcm.googleapis.com'

/** Firebase Cloud Messaging, by its HTTP v1 API. */
export function createFcm({
  projectId,
  url = GOOGLE,
  accessToken,
  post,
}: FcmOptions): PushProvider<FcmTarget> {
  return {
    name: 'FCM',
    async send({ token }, message) {
      const access = await accessToken.get()
      if (access.type === 'failed')
        return { type: 'retry', reason: access.reason, afterMs: undefined, isDown: true }
      const posted = await post({
        url: `${url}/v1/projects/${projectId}/messages:send`,
        headers: { authorization: `Bearer ${access.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ message: { token, ...payloadOf(message) } }),
        allowsPrivate: true,
        ...REQUEST_LIMITS,
      })
      if (posted.type === 'failed') return unanswered(posted.reason)
      if (posted.status === 401) accessToken.forget()
      return answerOf(posted.status, parseError(posted.body), posted.retryAfterMs)
    },
  }
}

/** High priority wakes the app. Without a text, the app makes the notification from the data. */
function payloadOf({ type, chatId, ttlS, data, text, badge }: PushMessage): object {
  const key = collapseKeyOf(chatId)
  const notification = text && {
    notification: text,
    android_notification: { tag: key, notification_count: badge },
  }
  return {
    data: Object.fromEntries(Object.entries(data).map(([name, value]) => [name, String(value)])),
    ...(notification && { notification: notification.notification }),
    android: {
      collapse_key: key,
      priority: type === 'message' ? 'HIGH' : 'NORMAL',
      ttl: `${ttlS}s`,
      ...(notification && { notification: notification.android_notification }),
    },
  }
}

type FcmError = Readonly<{ message: string; code: string; isTokenInvalid: boolean }>
type Detail = Readonly<{ errorCode?: string; fieldViolations?: readonly { field?: string }[] }>

function parseError(body: string): FcmError {
  try {
    const { error } = JSON.parse(body) as {
      error?: { message?: string; status?: string; details?: readonly Detail[] }
    }
    const details = error?.details ?? []
    const code = details.find(({ errorCode }) => errorCode !== undefined)?.errorCode ?? error?.status ?? ''
    const fields = details.flatMap(({ fieldViolations = [] }) => fieldViolations.map(({ field }) => field))
    return { message: error?.message ?? '', code, isTokenInvalid: fields.includes('message.token') }
  } catch {
    return { message: body.trim(), code: '', isTokenInvalid: false }
  }
}

function answerOf(status: number, error: FcmError, retryAfterMs: number | undefined): PushOutcome {
  const reason = `${status} ${error.code}: ${error.message}`
  const isGone = status === 404 || error.code === 'UNREGISTERED' || error.code === 'SENDER_ID_MISMATCH'
  if (isGone || error.isTokenInvalid) return { type: 'gone', reason }
  if (status === 401) return { type: 'retry', reason, afterMs: retryAfterMs, isDown: true }
  return outcomeOf(status, reason, retryAfterMs)
}

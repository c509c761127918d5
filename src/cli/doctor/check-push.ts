import { ConfigError } from '../../config/config-error.ts'
import type { Config } from '../../config/config.ts'
import type { Secrets } from '../../config/secrets.ts'
import { createAccessToken } from '../../followers/push/access-token.ts'
import { createApns } from '../../followers/push/apns.ts'
import { readApnsKey, readServiceAccount, vapidPairOf } from '../../followers/push/credentials.ts'
import { systemClock } from '../../lib/clock.ts'
import { newChatId } from '../../ids.ts'
import { createHttp2Post } from '../../transport/outgoing/http2-post.ts'
import { type Finding, ok, problem, warning } from './finding.ts'

type Push = NonNullable<Config['push']>

/** Checks the credentials of each provider. Asks Apple and Google whether they accept them. No device gets anything. */
export async function* checkPush(
  { push }: Pick<Config, 'push'>,
  { vapidKey }: Pick<Secrets, 'vapidKey'>,
): AsyncGenerator<Finding> {
  if (push === undefined) {
    yield ok('push is off (PUSH_VAPID_KEY, PUSH_APNS_KEY_FILE, PUSH_FCM_ACCOUNT_FILE)')
    return
  }
  const http2 = createHttp2Post()
  try {
    if (push.web !== undefined && vapidKey !== undefined) yield* checkWeb(push.web, vapidKey)
    if (push.apns !== undefined) yield* attempt(() => checkApns(push.apns, http2.post))
    if (push.fcm !== undefined) yield* attempt(() => checkFcm(push.fcm, http2.post))
  } finally {
    http2.close()
  }
}

async function* attempt(check: () => Promise<Finding>): AsyncGenerator<Finding> {
  try {
    yield await check()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const mistake of error.problems) yield problem('push', mistake)
  }
}

async function* checkWeb(web: NonNullable<Push['web']>, vapidKey: string): AsyncGenerator<Finding> {
  yield* attempt(async () => {
    const { publicKey } = vapidPairOf(vapidKey)
    return Promise.resolve(ok(`Web Push is on, with the public key ${publicKey}`))
  })
  if (web.subject.endsWith('@example.com'))
    yield warning('PUSH_VAPID_SUBJECT is an example', 'Set it to an address where push services reach you.')
  if (web.allowsPrivate)
    yield warning(
      'users can make Parley send requests into private networks (PUSH_ALLOW_PRIVATE)',
      'Unset PUSH_ALLOW_PRIVATE, unless you run a push service of your own.',
    )
}

/** No device has this token. Apple checks the credentials first. */
const NO_DEVICE = '0'.repeat(64)

type Http2 = ReturnType<typeof createHttp2Post>['post']

async function checkApns(apns: Push['apns'], post: Http2): Promise<Finding> {
  if (apns === undefined) return ok('APNs is off')
  const { keyFile, ...settings } = apns
  const provider = createApns({ ...settings, key: readApnsKey(keyFile), post, clock: systemClock })
  const target = { provider: 'APNS', token: NO_DEVICE, isSandbox: false, topic: null } as const
  const chatId = newChatId()
  const nothing = { type: 'withdrawal', chatId, ttlS: 0, data: {}, text: undefined, badge: 0 } as const
  const outcome = await provider.send(target, nothing)
  if (outcome.type === 'gone' || outcome.type === 'accepted') return ok('APNs accepts the key (PUSH_APNS_*)')
  return problem(
    `APNs does not accept the key: ${outcome.reason}`,
    'Check PUSH_APNS_KEY_ID, PUSH_APNS_TEAM_ID and PUSH_APNS_TOPIC, and that this machine reaches port 443 of Apple.',
  )
}

async function checkFcm(fcm: Push['fcm'], post: Http2): Promise<Finding> {
  if (fcm === undefined) return ok('FCM is off')
  const account = readServiceAccount(fcm.accountFile)
  const access = await createAccessToken({ account, post, clock: systemClock }).get()
  if (access.type === 'granted') return ok(`Google accepts the service account of ${account.projectId}`)
  return problem(
    `Google does not accept the service account: ${access.reason}`,
    'Create a key of the service account again (PUSH_FCM_ACCOUNT_FILE), and check the clock of this machine.',
  )
}

import type { PushConfig } from '../../../src/config/config.ts'
import { newVapidPair } from '../../../src/followers/push/credentials.ts'
import { until } from '../fixtures/until.ts'
import { createTls } from '../network/tls.ts'
import type { Person } from '../people/person.ts'
import { type ParleyOptions, SERVER_API, startParley, type TestParley } from '../servers/parley.ts'
import { query } from '../servers/database.ts'
import { type ApnsServer, startApnsServer } from './apns-server.ts'
import { type FcmServer, startFcmServer } from './fcm-server.ts'
import { type Subscription, startWebPushService, type WebPushService } from './web-push-service.ts'

/** A gateway with doubles of all push services. Alice writes to Bob. */
export type PushStage = AsyncDisposable &
  Readonly<{
    parley: TestParley
    web: WebPushService
    apns: ApnsServer
    fcm: FcmServer
    /** The public key of VAPID. */
    webPushKey: string
    alice: Person
    bob: Person
    chatId: string
    /** Registers a device, which then goes offline, and sets its target. Returns its subscription. */
    phone(person: Person, deviceId?: string): Promise<Subscription>
    /** Resolves when nothing is left to plan or to send. */
    idle(): Promise<void>
    /** Makes the gateway believe so, once something waits to be sent. */
    tenSecondsPass(): Promise<void>
    /** Makes failed attempts due. */
    retryNow(): Promise<void>
  }>

const SUBJECT = 'mailto:ops@chat.example'
const TEN_SECONDS_PASS = `WITH aged AS (UPDATE messages SET sent_at = sent_at - interval '10 seconds')
  UPDATE chat_marks SET due_at = due_at - interval '10 seconds'`

export const SET_TARGET = `mutation ($input: SetPushTargetInput!) { setPushTarget(input: $input) { provider } }`

export async function startPushStage(
  options: ParleyOptions = {},
  push: Readonly<{ hasContent?: boolean; allowsPrivate?: boolean }> = {},
): Promise<PushStage> {
  const resources = new AsyncDisposableStack()
  const tls = resources.use(await createTls())
  const web = resources.use(await startWebPushService(tls))
  const apns = resources.use(await startApnsServer(tls))
  const fcm = resources.use(await startFcmServer(tls))
  const vapid = newVapidPair()
  const { hasContent = false, allowsPrivate = true } = push
  const parley = resources.use(
    await startParley({
      ...options,
      vapidKey: vapid.privateKey,
      config: {
        ...SERVER_API,
        ...options.config,
        push: {
          web: { subject: SUBJECT, allowsPrivate },
          apns: apns.config,
          fcm: fcm.config,
          hasContent,
        },
      },
    }),
  )
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chatId = await alice.startChat(bob)

  return {
    parley,
    web,
    apns,
    fcm,
    webPushKey: vapid.publicKey,
    alice,
    bob,
    chatId,
    async phone(person, deviceId = 'phone') {
      await register(person, deviceId)
      const subscription = web.subscribe(vapid.publicKey)
      await person.run(SET_TARGET, { input: { deviceId, target: { webPush: subscription } } })
      return subscription
    },
    idle: () => until(async () => (await query(parley.databaseUrl, 'SELECT FROM chat_marks')).length === 0),
    async tenSecondsPass() {
      const waiting = `SELECT FROM chat_marks WHERE follower_id <> 'push/plan'`
      await until(async () => (await query(parley.databaseUrl, waiting)).length > 0)
      await query(parley.databaseUrl, TEN_SECONDS_PASS)
    },
    async retryNow() {
      await query(parley.databaseUrl, 'UPDATE pushes SET retry_at = NULL')
      await query(parley.databaseUrl, 'UPDATE chat_marks SET due_at = now()')
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

/** Registers a device of a person, which then goes offline. */
export async function register(person: Person, deviceId: string): Promise<void> {
  using inbox = person.inbox(deviceId)
  await inbox.caughtUp()
}

/** A push service of browsers, with the settings of a gateway that sends there and to no other. */
export type WebPushOnly = AsyncDisposable &
  Readonly<{
    web: WebPushService
    publicKey: string
    vapidKey: string
    config: PushConfig
    /** For NODE_EXTRA_CA_CERTS. */
    caFile: string
  }>

export async function startWebPushOnly(): Promise<WebPushOnly> {
  const resources = new AsyncDisposableStack()
  const tls = resources.use(await createTls())
  const web = resources.use(await startWebPushService(tls))
  const { publicKey, privateKey: vapidKey } = newVapidPair()
  const config = {
    web: { subject: SUBJECT, allowsPrivate: true },
    apns: undefined,
    fcm: undefined,
    hasContent: false,
  }
  const { caFile } = tls
  return { web, publicKey, vapidKey, config, caFile, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

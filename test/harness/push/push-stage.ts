import { newVapidPair } from '../../../src/followers/push/credentials.ts'
import { createTls } from '../network/tls.ts'
import type { Person } from '../people/person.ts'
import { type ParleyOptions, SERVER_API, startParley, type TestParley } from '../servers/parley.ts'
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
  }>

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
          web: { subject: 'mailto:ops@chat.example', allowsPrivate },
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
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

/** Registers a device of a person, which then goes offline. */
export async function register(person: Person, deviceId: string): Promise<void> {
  using inbox = person.inbox(deviceId)
  await inbox.caughtUp()
}

import { describe, expect, test } from 'vitest'
import { createAccessToken } from '../../../src/followers/push/access-token.ts'
import { createApns } from '../../../src/followers/push/apns.ts'
import { newVapidPair, readApnsKey, readServiceAccount } from '../../../src/followers/push/credentials.ts'
import { createFcm } from '../../../src/followers/push/fcm.ts'
import type { PushOutcome, PushProvider } from '../../../src/followers/push/push-provider.ts'
import { createWebPush } from '../../../src/followers/push/web-push.ts'
import { newChatId } from '../../../src/ids.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { createHttp2Post } from '../../../src/transport/outgoing/http2-post.ts'
import { post } from '../../../src/transport/outgoing/post.ts'
import { createTls } from '../../harness/network/tls.ts'
import { type ApnsServer, refused, startApnsServer } from '../../harness/push/apns-server.ts'
import { type FcmServer, fcmError, startFcmServer } from '../../harness/push/fcm-server.ts'
import { startWebPushService } from '../../harness/push/web-push-service.ts'
import * as laws from './provider-laws.ts'
import type { Law, ProviderStage } from './provider-laws.ts'

/* The laws of providers, on doubles of their servers that check encryption and signatures. */

const LAWS: readonly (readonly [name: string, law: Law])[] = [
  ['sends a message once per call', laws.sendsOnce],
  ['collapses per chat', laws.collapsesPerChat],
  ['takes the longest text', laws.takesTheLongestText],
  ['reports a target that is gone', laws.reportsATargetThatIsGone],
  ['reports a refusal', laws.reportsARefusal],
  ['asks to wait', laws.asksToWait],
  ['survives a server that is away', laws.survivesAServerThatIsAway],
]

const STAGES = { 'Web Push': webPushStage, APNs: apnsStage, FCM: fcmStage }

describe.each(Object.entries(STAGES))('%s', (_, createStage) => {
  test.each(LAWS)('%s', async (__, law) => {
    await using stage = await createStage()
    await law(stage)
  })
})

/** A defect of a provider that a law must refuse. */
const CANARIES: readonly (readonly [name: string, law: Law, (provider: PushProvider) => PushProvider])[] = [
  [
    'sends twice',
    laws.sendsOnce,
    changed(async (send) => {
      await send()
      return send()
    }),
  ],
  [
    'has one key for all chats',
    laws.collapsesPerChat,
    (provider) => ({ ...provider, send: sameChat(provider) }),
  ],
  ['takes a gone target for a refusal', laws.reportsATargetThatIsGone, changed(as('refused'))],
  ['repeats what was refused', laws.reportsARefusal, changed(as('retry'))],
  ['gives up after 429', laws.asksToWait, changed(as('refused'))],
  [
    'rejects',
    laws.survivesAServerThatIsAway,
    changed(async (send) => {
      const outcome = await send()
      if (outcome.type === 'retry') throw new Error(outcome.reason)
      return outcome
    }),
  ],
]

test.each(CANARIES)('a provider that %s is noticed', async (_, law, breakIt) => {
  await using stage = await webPushStage()
  await expect(law({ ...stage, provider: breakIt(stage.provider) })).rejects.toThrow()
})

test('APNs keeps one connection, and opens another one after GOAWAY', async () => {
  await using stage = await apnsStage()
  const send = () => stage.provider.send(stage.target, messageAbout())
  await Promise.all([send(), send(), send()])
  expect(stage.server.sessionCount()).toBe(1)
  stage.server.goAway()
  expect(await send()).toEqual({ type: 'accepted' })
  expect(stage.server.sessionCount()).toBe(2)
})

test('APNs signs again if Apple refuses the token', async () => {
  await using stage = await apnsStage()
  const tokens = new Set<string | undefined>()
  let now = Date.now()
  await using later = await apnsStage(() => now)
  later.server.answerWith(({ headers }) => {
    tokens.add(headers.authorization)
    return tokens.size === 1 ? refused(403, 'ExpiredProviderToken') : { status: 200 }
  })
  expect(await later.provider.send(later.target, messageAbout())).toMatchObject({ type: 'retry' })
  now += 1_000
  expect(await later.provider.send(later.target, messageAbout())).toEqual({ type: 'accepted' })
  expect(tokens.size).toBe(2)
  expect(stage.requestCount()).toBe(0)
})

test('FCM uses one access token until Google refuses it', async () => {
  await using stage = await fcmStage()
  const send = () => stage.provider.send(stage.target, messageAbout())
  await Promise.all([send(), send()])
  await send()
  expect(stage.server.tokenCount()).toBe(1)
  stage.server.revokeTokens()
  expect(await send()).toMatchObject({ type: 'retry' })
  expect(await send()).toEqual({ type: 'accepted' })
  expect(stage.server.tokenCount()).toBe(2)
})

test('a browser that subscribed with another key refuses', async () => {
  await using stage = await webPushStage(newVapidPair().publicKey)
  expect(await stage.provider.send(stage.target, messageAbout())).toMatchObject({
    type: 'refused',
    reason: expect.stringContaining('403') as string,
  })
})

function messageAbout() {
  return {
    type: 'message',
    chatId: newChatId(),
    ttlS: 60,
    data: { seq: 1 },
    text: undefined,
    badge: 1,
  } as const
}

function changed(
  change: (send: () => Promise<PushOutcome>) => Promise<PushOutcome>,
): (provider: PushProvider) => PushProvider {
  return ({ name, send }) => ({ name, send: (target, message) => change(() => send(target, message)) })
}

function as(type: 'refused' | 'retry') {
  return async (send: () => Promise<PushOutcome>): Promise<PushOutcome> => {
    await send()
    return type === 'refused'
      ? { type, reason: 'changed' }
      : { type, reason: 'changed', afterMs: undefined, isDown: false }
  }
}

function sameChat({ send }: PushProvider): PushProvider['send'] {
  const chatId = newChatId()
  return (target, message) => send(target, { ...message, chatId })
}

async function webPushStage(subscribedWith?: string): Promise<ProviderStage> {
  const resources = new AsyncDisposableStack()
  const web = resources.use(await startWebPushService(resources.use(await createTls())))
  const vapid = { ...newVapidPair(), subject: 'mailto:ops@chat.example' }
  const subscription = web.subscribe(subscribedWith ?? vapid.publicKey)
  return {
    provider: createWebPush({ vapid, allowsPrivate: true, post }) as unknown as PushProvider,
    target: { provider: 'WEB_PUSH', ...subscription },
    arrived: () => web.received.all.map(({ topic, data, ttl }) => ({ collapseKey: topic, data, ttlS: ttl })),
    requestCount: web.requestCount,
    answerWith: web.answerWith,
    gone: { status: 410 },
    down: async () => web[Symbol.asyncDispose](),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

async function apnsStage(now = systemClock.now): Promise<ProviderStage & Readonly<{ server: ApnsServer }>> {
  const resources = new AsyncDisposableStack()
  const server = resources.use(await startApnsServer(resources.use(await createTls())))
  const { keyFile, ...config } = server.config
  const http2 = createHttp2Post()
  resources.defer(() => http2.close())
  const options = { ...config, key: readApnsKey(keyFile), post: http2.post, clock: { now } }
  return {
    server,
    provider: createApns(options) as unknown as PushProvider,
    target: { provider: 'APNS', token: 'ab'.repeat(32), isSandbox: false, topic: null },
    arrived: () =>
      server.received.all.map(({ headers, payload }) => ({
        collapseKey: String(headers['apns-collapse-id']),
        data: payload.parley,
        ttlS: Number(headers['apns-expiration']) - Date.now() / 1_000,
      })),
    requestCount: server.requestCount,
    answerWith: server.answerWith,
    gone: refused(410, 'Unregistered'),
    down: async () => server[Symbol.asyncDispose](),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

async function fcmStage(): Promise<ProviderStage & Readonly<{ server: FcmServer }>> {
  const resources = new AsyncDisposableStack()
  const server = resources.use(await startFcmServer(resources.use(await createTls())))
  const http2 = createHttp2Post()
  resources.defer(() => http2.close())
  const account = readServiceAccount(server.config.accountFile)
  const accessToken = createAccessToken({ account, post: http2.post, clock: systemClock })
  const { projectId } = account
  const provider = createFcm({ projectId, url: server.config.url, accessToken, post: http2.post })
  return {
    server,
    provider: provider as unknown as PushProvider,
    target: { provider: 'FCM', token: 'token' },
    arrived: () =>
      server.received.all.map(({ data, android }) => ({
        collapseKey: String(android['collapse_key']),
        data,
        ttlS: Number.parseInt(String(android['ttl']), 10),
      })),
    requestCount: server.requestCount,
    answerWith: server.answerWith,
    gone: fcmError(404, 'UNREGISTERED'),
    down: async () => server[Symbol.asyncDispose](),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

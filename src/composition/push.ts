import type { ServerPush } from '../api/server-info.ts'
import { createAccessToken } from '../followers/push/access-token.ts'
import { createApns } from '../followers/push/apns.ts'
import { readApnsKey, readServiceAccount, vapidPairOf } from '../followers/push/credentials.ts'
import { createFcm } from '../followers/push/fcm.ts'
import { guardProvider } from '../followers/push/guarded-provider.ts'
import { type PushParts, pushFollowers } from '../followers/push/push-followers.ts'
import type { PushProvider } from '../followers/push/push-provider.ts'
import { createPushRegistry } from '../followers/push/push-registry-store.ts'
import { createPushStore } from '../followers/push/push-store.ts'
import { createPushSweep } from '../followers/push/push-sweep.ts'
import { createPushTargets, type PushTargets } from '../followers/push/push-targets.ts'
import { createTargetStore } from '../followers/push/target-store.ts'
import { createWebPush } from '../followers/push/web-push.ts'
import { createDueStore } from '../followers/due-store.ts'
import type { Follower } from '../followers/follower.ts'
import { shownBody } from '../events/message.ts'
import type { BackgroundLoop } from '../lib/background-loop.ts'
import type { Services } from '../api/services.ts'
import { createLastSeenStore } from '../presence/last-seen-store.ts'
import { createHttp2Post, type Http2Post } from '../transport/outgoing/http2-post.ts'
import { post } from '../transport/outgoing/post.ts'
import type { Foundation } from './foundation.ts'

/** Users choose the servers of Web Push, so none of them may take all places of its follower. */
const MAX_PER_BROWSER_SERVER = 64

/** Push messages to devices that do not have a message. */
export type Push = Readonly<{
  targets: PushTargets
  info: ServerPush
  /** Returns the followers that plan and send. Called once a second. */
  followers(services: TextServices): readonly Follower[]
  /** Makes changes leave marks if push is on, and only then. */
  prepare(): Promise<void>
  sweep: BackgroundLoop
  close(): void
}>

/** The services that find the text of a message. */
type TextServices = Pick<Services, 'messages' | 'users' | 'chats'>

export function wirePush(foundation: Foundation): Push {
  const { database, metrics, logger, clock, config } = foundation
  const { writer } = database
  const http2 = createHttp2Post()
  const { providers, webPushKey } = wireProviders(foundation, http2)
  const names = providers.map(({ name }) => name)
  const targets = createTargetStore({ writer: database.durableWriter })
  const store = createPushStore({ writer })
  const registry = createPushRegistry({ writer })
  return {
    targets: createPushTargets({ store: targets, providers: names, logger }),
    info: { providers: names, webPushKey },
    followers(services) {
      if (providers.length === 0) return []
      const due = createDueStore({ writer })
      const textOf = config.push?.hasContent === true ? createTexts(services, clock.now) : undefined
      const lastActive = createLastActive(foundation)
      return pushFollowers({ providers, due, store, targets, lastActive, textOf, clock, metrics })
    },
    prepare: () => registry.set(names),
    sweep: createPushSweep({ store, targets, logger }),
    close: http2.close,
  }
}

function wireProviders({ config: { push }, secrets, clock }: Foundation, http2: Http2Post) {
  const providers: PushProvider<never>[] = []
  let webPushKey: string | null = null
  if (push?.web !== undefined && secrets.vapidKey !== undefined) {
    const { subject, allowsPrivate } = push.web
    const pair = vapidPairOf(secrets.vapidKey)
    webPushKey = pair.publicKey
    const web = createWebPush({ vapid: { ...pair, subject }, allowsPrivate, post })
    providers.push(guardProvider(web, ({ endpoint }) => new URL(endpoint).origin, MAX_PER_BROWSER_SERVER))
  }
  if (push?.apns !== undefined) {
    const { keyFile, ...apns } = push.apns
    const apple = createApns({ ...apns, key: readApnsKey(keyFile), post: http2.post, clock })
    providers.push(guardProvider(apple, ({ isSandbox }) => (isSandbox ? 'the sandbox of APNs' : 'APNs')))
  }
  if (push?.fcm !== undefined) {
    const account = readServiceAccount(push.fcm.accountFile)
    const accessToken = createAccessToken({ account, post: http2.post, clock })
    const { projectId } = account
    const google = createFcm({ projectId, url: push.fcm.url, accessToken, post: http2.post })
    providers.push(guardProvider(google, () => 'FCM'))
  }
  // Each follower hands a provider the targets of its own kind.
  return { providers: providers as unknown as readonly PushProvider[], webPushKey }
}

/** The presence store knows the last minute, and the database what was before. */
function createLastActive({ backplane, database }: Foundation): PushParts['lastActive'] {
  const saved = createLastSeenStore(database)
  return async (userIds) => {
    const [before, states] = await Promise.all([
      saved.read(userIds),
      backplane.presence.lookUp(userIds).catch(() => []),
    ])
    const activeAt = new Map([...before].map(([userId, at]) => [userId, at.getTime()]))
    for (const { userId, lastSeenAt } of states)
      if (lastSeenAt !== null) activeAt.set(userId, Math.max(activeAt.get(userId) ?? 0, lastSeenAt.getTime()))
    return activeAt
  }
}

/** The sender's name, in a group with its title, and the body. */
function createTexts({ messages, users, chats }: TextServices, now: () => number): PushParts['textOf'] {
  return async (chatId, seq) => {
    const [[message], [chat]] = await Promise.all([
      messages.findMany([{ chatId, seq }]),
      chats.findAny([chatId]),
    ])
    const body = message && shownBody(message, now())
    if (message === undefined || body === null || body === undefined) return undefined
    const sender = (await users.find(message.senderId))?.name ?? ''
    const title = chat?.title ?? null
    return { title: title === null ? sender : `${sender} · ${title}`, body }
  }
}

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ConnectionState, ParleyClient } from '../../src/api.ts'
import { ENGINE } from '../../src/engine/engine.ts'
import { memoryStorage } from '../../src/index.ts'
import { ValueStore } from '../../src/lib/value-store.ts'
import { Model } from '../../src/model/model.ts'
import { UNKNOWN_CHAT } from '../../src/model/records.ts'
import { REGISTERED } from '../../src/push/push-data.ts'
import { MUTING, SET_TARGET } from '../../src/push/push-documents.ts'
import { registerPush } from '../../src/push/register-push.ts'

const KEY = 'BOEF'
const SUBSCRIPTION = {
  options: { applicationServerKey: Uint8Array.from(atob(KEY), (char) => char.charCodeAt(0)).buffer },
  toJSON: () => ({ endpoint: 'https://push.example/1', keys: { p256dh: 'p', auth: 'a' } }),
}
const REGISTRATION = {
  pushManager: { getSubscription: async () => SUBSCRIPTION },
  getNotifications: async () => [],
} as unknown as ServiceWorkerRegistration

let closing: AbortController
beforeEach(() => {
  closing = new AbortController()
  const serviceWorker = new EventTarget()
  const permissions = { query: async () => new EventTarget() }
  vi.stubGlobal('navigator', { serviceWorker, permissions })
  vi.stubGlobal('Notification', { permission: 'granted' })
  vi.stubGlobal('addEventListener', () => undefined)
  vi.stubGlobal('document', Object.assign(new EventTarget(), { visibilityState: 'visible' }))
})
afterEach(() => {
  closing.abort()
  vi.unstubAllGlobals()
})

type Answers = Readonly<{ muting?: () => Promise<unknown> }>

/** A client whose user has turned notifications on at an earlier start. */
async function setup({ muting = async () => undefined }: Answers = {}) {
  const model = new Model(() => [])
  model.viewerId = 'user_bob'
  const storage = memoryStorage()
  await storage.write(new Map([[REGISTERED, { viewerId: model.viewerId }]]))
  const connection = new ValueStore<ConnectionState>({ type: 'connecting' })
  const isFollowing = new ValueStore(false)
  const tokens = { present: 'first' }
  const targets: string[] = []
  const engine = {
    model,
    storage,
    connection,
    isFollowing,
    signal: closing.signal,
    tokens: { current: async () => tokens.present },
    whenOpen: async () => ({ deviceId: 'phone' }),
    request: async (document: string) => {
      if (document === MUTING) return await muting()
      if (document === SET_TARGET) targets.push(tokens.present)
      return {}
    },
    requestWithRetries: async () => ({ serverInfo: { push: { webPushKey: KEY } } }),
    onError: (error: unknown) => expect.fail(String(error)),
  }
  const client = { [ENGINE]: engine, chats: model.chats } as unknown as ParleyClient
  registerPush(client, REGISTRATION, { openChat: () => undefined })
  /** Loses the connection, and opens it with this token. */
  const connectWith = (token: string): void => {
    connection.set({ type: 'connecting' })
    tokens.present = token
    connection.set({ type: 'live' })
  }
  return { model, isFollowing, targets, connectWith }
}

test('sets the target at each start, and after a connection with another token', async () => {
  const { targets, connectWith } = await setup()
  connectWith('first')
  await expect.poll(() => targets).toEqual(['first'])
  connectWith('first')
  connectWith('second')
  await expect.poll(() => targets).toEqual(['first', 'second'])
})

test('leaves that to the tab that holds the connection', async () => {
  const { targets, connectWith, isFollowing } = await setup()
  connectWith('first')
  await expect.poll(() => targets).toEqual(['first'])
  isFollowing.set(true)
  connectWith('second')
  isFollowing.set(false)
  connectWith('third')
  await expect.poll(() => targets.at(-1)).toBe('third')
  expect(targets).toEqual(['first', 'third'])
})

const MUTED = { level: 'NONE', expiresAt: null } as const
const AUDIBLE = { level: 'ALL', expiresAt: null } as const
const answer = { chats: { edges: [{ node: { id: 'chat_1', notifications: MUTED } }] } }

test('reads what other devices have muted once the page is visible again', async () => {
  const { model } = await setup({ muting: async () => answer })
  model.set({ ...UNKNOWN_CHAT, id: 'chat_1', notifications: AUDIBLE })
  expect(model.summary('chat_1').muting).toBeNull()
  document.dispatchEvent(new Event('visibilitychange'))
  await expect.poll(() => model.summary('chat_1').muting).toEqual({ until: null })
})

test('a chat that is set on this device meanwhile keeps its setting', async () => {
  const answered = Promise.withResolvers<typeof answer>()
  const { model } = await setup({ muting: () => answered.promise })
  for (const id of ['chat_1', 'chat_2']) model.set({ ...UNKNOWN_CHAT, id, notifications: AUDIBLE })
  document.dispatchEvent(new Event('visibilitychange'))
  model.set({ ...UNKNOWN_CHAT, id: 'chat_1', notifications: { ...AUDIBLE } })
  const other = { node: { id: 'chat_2', notifications: MUTED } }
  answered.resolve({ chats: { edges: [...answer.chats.edges, other] } })
  await expect.poll(() => model.summary('chat_2').muting).toEqual({ until: null })
  expect(model.summary('chat_1').muting).toBeNull()
})

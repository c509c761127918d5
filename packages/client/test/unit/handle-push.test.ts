import { expect, test } from 'vitest'
import { memoryStorage } from '../../src/index.ts'
import { handlePush, type PushData, type PushWorker, type WorkerOptions } from '../../src/service-worker.ts'

type Shown = Readonly<{ title: string; body: string; tag: string; data: unknown; silent: boolean }>

/** A service worker with windows that answer as told. `log` has its actions in order. */
function createWorker(windows: readonly FakeWindow[] = [], options: Partial<WorkerOptions> = {}) {
  const target = new EventTarget()
  const log: string[] = []
  let shown: Shown[] = []
  const registration = {
    scope: 'https://chat.example/app/',
    async getNotifications({ tag }: { tag?: string } = {}) {
      return shown
        .filter((one) => tag === undefined || one.tag === tag)
        .map((one) => ({
          ...one,
          close() {
            log.push(`close ${one.title}`)
            shown = shown.filter(({ tag: other }) => other !== one.tag)
          },
        }))
    },
    async showNotification(
      title: string,
      { body = '', tag = '', data, silent = false }: NotificationOptions,
    ) {
      log.push(`show ${title}${silent === true ? ' silently' : ''}`)
      shown = [...shown.filter((one) => one.tag !== tag), { title, body, tag, data, silent: silent === true }]
    },
  }
  const clients = {
    matchAll: async () => windows.map((window) => asClient(window, log)),
    openWindow: async (url: string) => {
      log.push(`open ${url}`)
      return null
    },
  }
  const navigator = { setAppBadge: async (count: number) => void log.push(`badge ${count}`) }
  const worker = {
    registration,
    clients,
    navigator,
    addEventListener: target.addEventListener.bind(target),
  } as unknown as PushWorker
  handlePush(worker, { chatUrl: (chatId) => `./#/chat/${chatId}`, storage: memoryStorage(), ...options })

  async function dispatch(type: string, fields: object): Promise<void> {
    let work: Promise<unknown> = Promise.resolve()
    const waitUntil = (given: Promise<unknown>): void => void (work = given)
    target.dispatchEvent(Object.assign(new Event(type), fields, { waitUntil }))
    await work
  }

  return {
    log,
    shown: () => shown.map(({ title, body }) => [title, body]),
    push: (data: unknown) => dispatch('push', { data: { text: () => JSON.stringify(data) } }),
    async click() {
      const [notification] = await registration.getNotifications()
      await dispatch('notificationclick', { notification })
    },
    clickOther: () => dispatch('notificationclick', { notification: { data: { type: 'shop' } } }),
  }
}

type FakeWindow = Readonly<{
  frameType?: 'top-level' | 'nested'
  isVisible?: boolean
  /** Undefined: it does not answer. */
  shows?: boolean
}>

function asClient({ frameType = 'top-level', isVisible = true, shows }: FakeWindow, log: string[]) {
  return {
    frameType,
    visibilityState: isVisible ? 'visible' : 'hidden',
    postMessage({ type }: { type: string }, [port]: readonly MessagePort[]) {
      if (type !== 'parley:is-shown') log.push(`${frameType} ${type}`)
      else if (shows !== undefined) port?.postMessage(shows)
    },
    focus: async () => void log.push(`${frameType} focus`),
  }
}

function message(seq: number, more: Partial<PushData> = {}): PushData {
  const unreadCount = seq
  return {
    type: 'message',
    chatId: 'chat_1',
    seq,
    messageId: `message_${seq}`,
    unreadCount,
    badge: 1,
    ...more,
  }
}

const WITHDRAWAL: PushData = { type: 'withdrawal', chatId: 'chat_1', badge: 0 }

test('shows what the server says, or else what the client has stored of the chat', async () => {
  const storage = memoryStorage()
  const worker = createWorker([], { storage })
  await worker.push(message(1))
  expect(worker.shown()).toEqual([['New message', '']])
  const users = [{ id: 'user_alice', name: 'Alice', avatarUrl: null }]
  const chat = { title: null, members: { user_bob: {}, user_alice: {} } }
  await storage.write(
    new Map<string, unknown>([
      ['push', { viewerId: 'user_bob' }],
      ['user_bob/chat/chat_1', { chat, users }],
    ]),
  )
  await worker.push(message(2))
  expect(worker.shown()).toEqual([['Alice', '2 new messages']])
  await storage.write(new Map([['user_bob/chat/chat_1', { chat: { ...chat, title: 'Garden' }, users }]]))
  await worker.push(message(3))
  expect(worker.shown()).toEqual([['Garden', '3 new messages']])
  await worker.push(message(4, { title: 'Alice', body: 'Hello' }))
  expect(worker.shown()).toEqual([['Alice', 'Hello']])
})

test('a withdrawal without a visible window shows something first, as browsers require', async () => {
  const worker = createWorker([{ isVisible: false }])
  await worker.push(message(1))
  await worker.push(WITHDRAWAL)
  expect(worker.shown()).toEqual([])
  expect(worker.log).toEqual([
    'badge 1',
    'show New message',
    'badge 0',
    'show Read on another device silently',
    'close Read on another device',
  ])
})

test('a withdrawal beside a visible window only closes', async () => {
  const worker = createWorker([{ shows: false }])
  await worker.push(message(1))
  await worker.push(WITHDRAWAL)
  expect(worker.log).toEqual(['badge 1', 'show New message', 'badge 0', 'close New message'])
})

test('a withdrawal does not overtake its message', async () => {
  const worker = createWorker()
  await Promise.all([worker.push(message(1)), worker.push(WITHDRAWAL)])
  expect(worker.shown()).toEqual([])
})

test('a chat that a visible window shows gets no notification', async () => {
  const worker = createWorker([{ shows: false }, { shows: true }])
  await worker.push(message(1))
  expect(worker.shown()).toEqual([])
})

test('a window that is hidden, or does not answer, keeps no notification back', async () => {
  const worker = createWorker([{ isVisible: false, shows: true }, {}])
  await worker.push(message(1))
  expect(worker.shown()).toHaveLength(1)
})

test('a click goes to a window of its own before a frame, and opens one if there is none', async () => {
  const both = createWorker([{ frameType: 'nested' }, {}])
  await both.push(message(1))
  both.log.length = 0
  await both.click()
  expect(both.log).toEqual(['close New message', 'top-level parley:open-chat', 'top-level focus'])
  const none = createWorker()
  await none.push(message(1))
  none.log.length = 0
  await none.click()
  expect(none.log).toEqual(['close New message', 'open https://chat.example/app/#/chat/chat_1'])
})

test('leaves push messages and notifications of others alone', async () => {
  const worker = createWorker()
  for (const data of ['text', null, { type: 'order' }, { type: 'message' }]) await worker.push(data)
  await worker.clickOther()
  expect(worker.log).toEqual([])
})

import type { ClientStorage } from '../api.ts'
import { indexedDbStorage } from '../indexeddb.ts'
import { storedTitle } from './chat-title.ts'
import { dataOf, type NotificationData, type PushData, type WorkerMessage } from './push-data.ts'
import type {
  NotificationEvent,
  PushEvent,
  PushWorker,
  SubscriptionChangeEvent,
  WorkerWindow,
} from './push-worker.ts'

/** The texts of notifications. */
export type NotificationTexts = Readonly<{
  /** Where neither the server nor this browser says more. */
  newMessages(count: number): string
  /** For the moment in which a notification is withdrawn. */
  readElsewhere: string
}>

export type WorkerOptions = Readonly<{
  /** The address of a chat in the app, relative to the scope of the worker. */
  chatUrl(chatId: string): string
  /** Address of the icon of each notification. */
  icon?: string
  /** Default: in English. */
  texts?: NotificationTexts
  /** The storage of the client. Default: `indexedDbStorage()`. */
  storage?: ClientStorage
}>

const ENGLISH: NotificationTexts = {
  newMessages: (count) => (count === 1 ? 'New message' : `${count} new messages`),
  readElsewhere: 'Read on another device',
}

/** A page that does not answer within this time, in milliseconds, shows nothing. */
const ANSWER_MS = 500

/**
 * Shows the notifications of Parley, one for each chat. Call it while the script of the service worker runs for the
 * first time, before any await. Push messages and notifications of others are left alone.
 *
 * - A message renews the notification of its chat, unless that one is newer. There is none for a chat that a visible
 *   window shows.
 * - A withdrawal closes it. Browsers want every push message to show something: Safari ends the subscription of an app
 *   that does not, and Chrome shows a text of its own. So the notification is replaced without a sound and then closed.
 * - A click opens the chat: in a window of the app, or in a new one.
 * - A subscription that the browser replaces is made again. A page tells the server, now or at its next start.
 *
 * Push messages are handled one after another, so that a withdrawal never overtakes its message.
 */
export function handlePush(worker: PushWorker, options: WorkerOptions): void {
  const { registration, clients, navigator } = worker
  const { chatUrl, icon, texts = ENGLISH, storage = indexedDbStorage() } = options
  let queue = Promise.resolve()

  function onPush(event: PushEvent): void {
    const data = pushDataIn(event)
    if (data === undefined) return
    queue = queue.catch(() => undefined).then(() => handle(data))
    event.waitUntil(queue)
  }

  async function handle(data: PushData): Promise<void> {
    await navigator.setAppBadge?.(data.badge).catch(() => undefined)
    await (data.type === 'message' ? show(data) : withdraw(data.chatId))
  }

  async function show(data: Extract<PushData, { type: 'message' }>): Promise<void> {
    const { chatId, seq, unreadCount } = data
    const windows = await visibleWindows()
    const shown = await Promise.all(windows.map((page) => isShownIn(page, chatId)))
    if (shown.includes(true)) return
    const known = await registration.getNotifications({ tag: chatId })
    if (known.some((notification) => (dataOf(notification)?.seq ?? 0) >= seq)) return
    const words = texts.newMessages(unreadCount)
    const title = data.title ?? (await storedTitle(storage, chatId).catch(() => undefined))
    await notify(title ?? words, {
      body: data.body ?? (title === undefined ? '' : words),
      tag: chatId,
      renotify: true,
      data: { type: 'parley', chatId, seq },
    })
  }

  async function withdraw(chatId: string): Promise<void> {
    const close = async (): Promise<void> => {
      for (const notification of await registration.getNotifications({ tag: chatId })) notification.close()
    }
    const hasWindow = (await visibleWindows()).length > 0
    if (!hasWindow) {
      const data: NotificationData = { type: 'parley', chatId, seq: 0 }
      await notify(texts.readElsewhere, { tag: chatId, silent: true, data })
    }
    await close()
  }

  /** `renotify`: with a sound, although it replaces one. Not in all browsers, so TypeScript does not know it. */
  async function notify(
    title: string,
    notification: NotificationOptions & Readonly<{ renotify?: boolean }>,
  ): Promise<void> {
    await registration.showNotification(title, { ...notification, ...(icon !== undefined && { icon }) })
  }

  async function allWindows(): Promise<readonly WorkerWindow[]> {
    return clients.matchAll({ type: 'window', includeUncontrolled: true })
  }

  async function visibleWindows(): Promise<readonly WorkerWindow[]> {
    return (await allWindows()).filter(({ visibilityState }) => visibilityState === 'visible')
  }

  function onClick(event: NotificationEvent): void {
    const data = dataOf(event.notification)
    if (data === undefined) return
    event.notification.close()
    event.waitUntil(open(data.chatId))
  }

  /** In a window of its own, before a frame of another page. The window that was used last comes first. */
  async function open(chatId: string): Promise<void> {
    const windows = await allWindows()
    const page = windows.find(({ frameType }) => frameType !== 'nested') ?? windows[0]
    if (page === undefined) {
      await clients.openWindow(new URL(chatUrl(chatId), registration.scope).href)
      return
    }
    tell(page, { type: 'parley:open-chat', chatId })
    await page.focus()
  }

  async function onChanged(old: PushSubscription | null | undefined): Promise<void> {
    if (old) await registration.pushManager.subscribe(old.options).catch(() => undefined)
    for (const page of await allWindows()) tell(page, { type: 'parley:push-changed' })
  }

  worker.addEventListener('push', (event) => onPush(event as PushEvent))
  worker.addEventListener('notificationclick', (event) => onClick(event as NotificationEvent))
  worker.addEventListener('pushsubscriptionchange', (event) => {
    const change = event as SubscriptionChangeEvent
    change.waitUntil(onChanged(change.oldSubscription))
  })
}

/** Undefined if the message is not one of Parley. */
function pushDataIn({ data }: PushEvent): PushData | undefined {
  try {
    const parsed = JSON.parse(data?.text() ?? '') as Partial<PushData> | null
    const isOurs = parsed?.type === 'message' || parsed?.type === 'withdrawal'
    return isOurs && typeof parsed.chatId === 'string' ? (parsed as PushData) : undefined
  } catch {
    return undefined
  }
}

function tell(page: WorkerWindow, message: WorkerMessage, ports: readonly MessagePort[] = []): void {
  page.postMessage(message, ports)
}

async function isShownIn(page: WorkerWindow, chatId: string): Promise<boolean> {
  const { port1, port2 } = new MessageChannel()
  const answer = new Promise<boolean>((resolve) => {
    port1.addEventListener('message', ({ data }) => resolve(data === true), { once: true })
    port1.start()
    setTimeout(() => resolve(false), ANSWER_MS)
  })
  tell(page, { type: 'parley:is-shown', chatId }, [port2])
  return answer
}

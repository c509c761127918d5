import type { BrowserContext, CDPSession, Page } from 'playwright-core'
import { expect } from 'vitest'
import type { Subscription, WebPushed, WebPushService } from '../../../test/harness/push/web-push-service.ts'

/*
 * Chromium's own push service cannot be reached in tests. So the way of a push message is tested in two halves, which
 * meet in its payload:
 *
 *   1. `PushManager.subscribe` of the page returns a subscription at the double of a push service. The gateway encrypts
 *      and posts to it as to a real one, and the double decrypts with the keys of the subscription, as a browser does.
 *   2. The DevTools protocol delivers the decrypted message to the real service worker of the app.
 */

/** Replaces the subscription of the page. The service worker's own is left alone. */
const SUBSCRIBE = `{
  let current = null
  const toText = (key) => btoa(String.fromCharCode(...new Uint8Array(key))).replaceAll('+', '-').replaceAll('/', '_')
  globalThis.testExpire = () => void (current = null)
  PushManager.prototype.getSubscription = async () => current
  PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey }) => {
    if (!userVisibleOnly) throw new DOMException('Push must be visible to users.', 'NotAllowedError')
    if (Notification.permission !== 'granted') throw new DOMException('No permission.', 'NotAllowedError')
    const { endpoint, p256dh, auth } = await testSubscribe(toText(applicationServerKey).replaceAll('=', ''))
    current = {
      endpoint,
      options: { userVisibleOnly, applicationServerKey: applicationServerKey.buffer },
      toJSON: () => ({ endpoint, keys: { p256dh, auth } }),
      unsubscribe: async () => ((current = null), true),
    }
    return current
  }
}`

/** Lets pages subscribe at the double. Returns the subscriptions that they make. */
export async function stubPushManager(
  context: BrowserContext,
  web: WebPushService,
): Promise<readonly Subscription[]> {
  const made: Subscription[] = []
  await context.exposeFunction('testSubscribe', (key: string) => {
    const subscription = web.subscribe(key)
    made.push(subscription)
    return subscription
  })
  await context.addInitScript(SUBSCRIBE)
  return made
}

/** The service worker of the app, also while no page of the app is open. */
export type TestWorker = Readonly<{
  /** Delivers what the double has decrypted. Resolves once the worker has handled it. */
  deliver(pushed: Pick<WebPushed, 'data'>): Promise<void>
  /** Title and text of each notification that is shown. */
  shown(): Promise<readonly (readonly [title: string, body: string])[]>
  /** Clicks a notification, as far as a script can: it may focus no window, and open none. */
  click(title: string): Promise<void>
  /** The addresses of windows that clicks would have opened. */
  opened(): Promise<readonly string[]>
  /** Says that the subscription was replaced, as a browser does. */
  changeSubscription(): Promise<void>
}>

export async function workerOf(context: BrowserContext, origin: string): Promise<TestWorker> {
  const [worker = await context.waitForEvent('serviceworker')] = context.serviceWorkers()
  const cdp = await context.newCDPSession(await context.newPage())
  const registrationId = await registrationOf(cdp)
  await worker.evaluate(instrument)

  async function untilHandled(cause: () => Promise<unknown>): Promise<void> {
    const handled = (): Promise<number> => worker.evaluate(() => self.handled)
    const before = await handled()
    await cause()
    await expect.poll(handled).toBeGreaterThan(before)
  }

  return {
    deliver: ({ data }) =>
      untilHandled(() =>
        cdp.send('ServiceWorker.deliverPushMessage', { origin, registrationId, data: JSON.stringify(data) }),
      ),
    shown: () =>
      worker.evaluate(async () => {
        const notifications = await self.registration.getNotifications()
        return notifications.map(({ title, body }) => [title, body] as const)
      }),
    click: (title) =>
      untilHandled(() =>
        worker.evaluate(async (wanted) => {
          const notifications = await self.registration.getNotifications()
          const notification = notifications.find((one) => one.title === wanted)
          if (notification === undefined) throw new Error(`There is no notification ${wanted}.`)
          self.dispatchEvent(new NotificationEvent('notificationclick', { notification }))
        }, title),
      ),
    opened: () => worker.evaluate(() => self.opened),
    changeSubscription: () =>
      untilHandled(() =>
        worker.evaluate(() => self.dispatchEvent(new ExtendableEvent('pushsubscriptionchange'))),
      ),
  }
}

/** Runs in the worker: counts what was handled, and notes windows. */
function instrument(): void {
  const waitUntil: (work: Promise<unknown>) => void = Reflect.get(ExtendableEvent.prototype, 'waitUntil')
  self.handled = 0
  self.opened = []
  ExtendableEvent.prototype.waitUntil = function (work) {
    const count = (): void => void (self.handled += 1)
    work.then(count, count)
    if (this.isTrusted) waitUntil.call(this, work)
  }
  self.clients.openWindow = async (url) => {
    self.opened.push(url)
    return null
  }
}

async function registrationOf(cdp: CDPSession): Promise<string> {
  const found = new Promise<string>((resolve) => {
    cdp.on('ServiceWorker.workerRegistrationUpdated', ({ registrations: [registration] }) => {
      if (registration !== undefined) resolve(registration.registrationId)
    })
  })
  await cdp.send('ServiceWorker.enable')
  return found
}

/* The library of pages lacks what exists in a service worker. */
declare const self: EventTarget & {
  readonly registration: ServiceWorkerRegistration
  readonly clients: { openWindow(url: string): Promise<unknown> }
  handled: number
  opened: string[]
}
declare class ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void
}
declare class NotificationEvent extends ExtendableEvent {
  constructor(type: string, init: Readonly<{ notification: Notification }>)
}

/** Resolves when the browser has stored a chat, as it does soon after a change. The worker knows its title then. */
export async function hasStored(page: Page, chatId: string): Promise<void> {
  await expect
    .poll(() => page.evaluate<readonly string[]>(STORED_KEYS), { timeout: 10_000 })
    .toContainEqual(expect.stringMatching(new RegExp(`/chat/${chatId}$`)))
}

const STORED_KEYS = `new Promise((resolve, reject) => {
  const opening = indexedDB.open('parley')
  opening.onerror = () => reject(opening.error)
  opening.onsuccess = () => {
    const reading = opening.result.transaction('values').objectStore('values').getAllKeys()
    reading.onerror = () => reject(reading.error)
    reading.onsuccess = () => {
      opening.result.close()
      resolve(reading.result)
    }
  }
})`

/* The parts of the global scope of a service worker that push needs. TypeScript has them in no library for pages. */

export type PushWorker = Readonly<{
  registration: ServiceWorkerRegistration
  clients: WorkerClients
  navigator: WorkerNavigator
}> &
  Pick<EventTarget, 'addEventListener'>

/** Browsers without badges lack the methods. */
type WorkerNavigator = Readonly<{ setAppBadge?: (count: number) => Promise<void> }>

export type WorkerClients = Readonly<{
  matchAll(
    options: Readonly<{ type: 'window'; includeUncontrolled: boolean }>,
  ): Promise<readonly WorkerWindow[]>
  openWindow(url: string): Promise<WorkerWindow | null>
}>

export type WorkerWindow = Readonly<{
  frameType: 'auxiliary' | 'top-level' | 'nested' | 'none'
  visibilityState: DocumentVisibilityState
  postMessage(message: unknown, transfer: readonly Transferable[]): void
  focus(): Promise<unknown>
}>

type ExtendableEvent = Event & Readonly<{ waitUntil(work: Promise<unknown>): void }>
export type PushEvent = ExtendableEvent & Readonly<{ data: Readonly<{ text(): string }> | null }>
export type NotificationEvent = ExtendableEvent & Readonly<{ notification: Notification }>
export type SubscriptionChangeEvent = ExtendableEvent &
  Readonly<{ oldSubscription?: PushSubscription | null }>

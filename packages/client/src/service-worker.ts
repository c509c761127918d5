/*
 * Notifications of browsers, on the side of the service worker: they are shown, withdrawn and clicked. Their other side
 * is `@parley/client/push`.
 */
export type { PushData } from './push/push-data.ts'
export { handlePush, type NotificationTexts, type WorkerOptions } from './push/handle-push.ts'
export type { PushWorker } from './push/push-worker.ts'

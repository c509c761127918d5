import { handlePush, type PushWorker } from '@parley/client/service-worker'

// The service worker of the app. It shows notifications and nothing else: pages load as if it were not there. So a new
// version may take over at once.
const worker = globalThis as unknown as PushWorker & Readonly<{ skipWaiting(): Promise<void> }>

worker.addEventListener('install', () => void worker.skipWaiting())
handlePush(worker, {
  chatUrl: (chatId) => `./#/chat/${encodeURIComponent(chatId)}`,
  icon: './icon-192.png',
})

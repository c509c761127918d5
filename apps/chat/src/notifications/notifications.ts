import type { ParleyClient, Store } from '@parley/client'
import type { Push } from '@parley/client/push'
import { loadLater } from '../lib/later.tsx'

/** The notifications of one session. */
export type Notifications = Readonly<{
  /** Undefined until their code is loaded, and where the browser has none. */
  push: Store<Push | undefined>
  /** Loads their code, once. */
  start(): void
  /** Before the user is signed out. Never rejects. */
  end(): Promise<void>
}>

/** A frame belongs to another page, which asks for permissions itself. */
function canNotify(): boolean {
  const isFrame = window.parent !== window
  if (!('serviceWorker' in navigator) || !('Notification' in window)) return false
  return !isFrame || Notification.permission === 'granted'
}

/**
 * `remember` is called while notifications are on, at each start and when they are turned on: a click on one has to
 * find a signed-in page. The code is loaded beside the first screen, which does not need it.
 */
export function openNotifications(client: ParleyClient, remember: () => void): Notifications {
  const listeners = new Set<() => void>()
  let push: Push | undefined
  let isStarted = false

  async function load(): Promise<void> {
    const { openPush } = await loadLater()
    push = await openPush(client, remember)
    for (const listener of listeners) listener()
  }

  return {
    push: {
      getSnapshot: () => push,
      subscribe(listener) {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
    },
    start() {
      if (isStarted || !canNotify()) return
      isStarted = true
      // Without them, everything else works. The next start tries again.
      load().catch(() => undefined)
    },
    end: async () => push?.turnOff(),
  }
}

import type { ParleyClient } from '@parley/client'
import { type Push, registerPush } from '@parley/client/push'
import { openChat, openChatId } from '../messenger/route.ts'

/** Registers the service worker of the app, and connects it with the client. */
export async function openPush(client: ParleyClient, remember: () => void): Promise<Push> {
  const url = new URL('service-worker.js', document.baseURI)
  const registration = await navigator.serviceWorker.register(url, { updateViaCache: 'none' })
  const push = registerPush(client, registration, {
    openChat,
    isShown: (chatId) => openChatId() === chatId,
  })
  const onState = (): void => {
    if (push.getSnapshot() !== 'on') return
    remember()
    showBadge(client)
  }
  push.subscribe(onState)
  client.chats.subscribe(onState)
  return push
}

/** The number on the icon of an installed app: that of chats with unread messages, as the service worker counts. */
function showBadge({ chats }: ParleyClient): void {
  const unread = chats.getSnapshot().filter(({ unreadCount, muting }) => unreadCount > 0 && muting === null)
  const { setAppBadge } = navigator as Partial<Navigator>
  setAppBadge?.call(navigator, unread.length).catch(() => undefined)
}

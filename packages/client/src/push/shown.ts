import type { ParleyClient } from '../api.ts'
import { dataOf } from './push-data.ts'

/** Closes the notifications of chats that have nothing unread, now and whenever chats change. */
export function closeReadNotifications(
  client: ParleyClient,
  registration: ServiceWorkerRegistration,
  signal: AbortSignal,
): void {
  let isClosing = false
  let isStale = false

  async function close(): Promise<void> {
    isStale = true
    if (isClosing) return
    isClosing = true
    while (isStale) {
      isStale = false
      const chats = new Map(client.chats.getSnapshot().map((chat) => [chat.id, chat]))
      await closeNotifications(registration, (chatId) => chats.get(chatId)?.unreadCount === 0)
    }
    isClosing = false
  }

  const dispose = client.chats.subscribe(() => void close())
  signal.addEventListener('abort', dispose)
}

/** Closes the notifications of some chats. Never rejects. */
export async function closeNotifications(
  registration: ServiceWorkerRegistration,
  ofChat: (chatId: string) => boolean,
): Promise<void> {
  const shown = await registration.getNotifications().catch(() => [])
  for (const notification of shown) {
    const data = dataOf(notification)
    if (data !== undefined && ofChat(data.chatId)) notification.close()
  }
}

/** A push message of the server to a browser, as JSON. */
export type PushData =
  | Readonly<{
      type: 'message'
      chatId: string
      /** Of the newest unread message. */
      seq: number
      messageId: string
      unreadCount: number
      /** How many chats have notifications on this device. */
      badge: number
      /** Set if the server sends contents: PUSH_CONTENT=full. */
      title?: string
      body?: string
    }>
  /** The chat was read elsewhere. */
  | Readonly<{ type: 'withdrawal'; chatId: string; badge: number }>

/** The data of a notification. Others of the same app have no such data. */
export type NotificationData = Readonly<{ type: 'parley'; chatId: string; seq: number }>

/** A message of the service worker to a page. The worker has no token, so the page sets the target. */
export type WorkerMessage =
  /** Is the chat shown? The answer goes to the port that comes along: a boolean. */
  | Readonly<{ type: 'parley:is-shown'; chatId: string }>
  /** The user has clicked a notification. */
  | Readonly<{ type: 'parley:open-chat'; chatId: string }>
  /** The browser has replaced the subscription. */
  | Readonly<{ type: 'parley:push-changed' }>

/** The user of this browser's notifications. Kept in the storage of the client, where the service worker finds it. */
export type Registered = Readonly<{ viewerId: string }>
export const REGISTERED = 'push'

/** Returns the data of one of our notifications. */
export function dataOf({ data }: Notification): NotificationData | undefined {
  const known = data as NotificationData | undefined | null
  return known?.type === 'parley' ? known : undefined
}

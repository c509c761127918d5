import type { ParleyClient } from '../api.ts'
import { type Engine, engineOf } from '../engine/engine.ts'
import type { NotificationsData } from '../graphql/responses.ts'
import { SET_NOTIFICATIONS } from './push-documents.ts'

/**
 * Mutes a chat for the viewer on all of their devices: no push messages, and `totalUnread` does not count it. Without
 * `until`, it stays muted. Other devices show it after their next start. Rejects with a `ParleyError`.
 */
export async function muteChat(client: ParleyClient, chatId: string, until?: Date): Promise<void> {
  await set(engineOf(client), { chatId, level: 'NONE', until: until?.toISOString() })
}

/** Ends the muting of a chat. Rejects with a `ParleyError`. */
export async function unmuteChat(client: ParleyClient, chatId: string): Promise<void> {
  await set(engineOf(client), { chatId, level: 'ALL' })
}

type Input = Readonly<{ chatId: string; level: NotificationsData['level']; until?: string | undefined }>

async function set(engine: Engine, input: Input): Promise<void> {
  type Data = { setChatNotifications: { chat: { notifications: NotificationsData } } }
  const { chat } = (await engine.request<Data>(SET_NOTIFICATIONS, { input })).setChatNotifications
  const change: Change = { viewerId: engine.model.viewerId, chatId: input.chatId, ...chat }
  apply(engine, change)
  const channel = openChannel()
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has no target.
  channel?.postMessage(change)
  channel?.close()
}

type Change = Readonly<{ viewerId: string; chatId: string; notifications: NotificationsData }>

/** There is no event, so the tabs of a browser tell each other. */
export function followMuting(engine: Engine): void {
  const channel = openChannel()
  channel?.addEventListener('message', ({ data }: MessageEvent<Change>) => apply(engine, data))
  engine.signal.addEventListener('abort', () => channel?.close())
}

function apply({ model }: Engine, { viewerId, chatId, notifications }: Change): void {
  const chat = model.get(chatId)
  if (viewerId === model.viewerId && chat !== undefined) model.set({ ...chat, notifications })
}

function openChannel(): BroadcastChannel | undefined {
  return typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('parley:muting')
}

import type { ParleyClient } from '../api.ts'
import { listenToSurroundings } from '../connection/surroundings.ts'
import { type Engine, engineOf } from '../engine/engine.ts'
import type { Edges, NotificationsData } from '../graphql/responses.ts'
import { isEqual } from '../lib/equal.ts'
import { MUTING, SET_NOTIFICATIONS } from './push-documents.ts'

/**
 * Mutes a chat for the viewer on all of their devices: no push messages, and `totalUnread` does not count it. Without
 * `until`, it stays muted. Other devices show it once their page becomes visible again. Rejects with a `ParleyError`.
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

/**
 * There is no event, so the tabs of a browser tell each other. For changes of other devices, a page asks when it
 * becomes visible or the network is back.
 */
export function followMuting(engine: Engine): void {
  // The next time asks again.
  listenToSurroundings(() => void readMuting(engine).catch(() => undefined), engine.signal)
  const channel = openChannel()
  channel?.addEventListener('message', ({ data }: MessageEvent<Change>) => apply(engine, data))
  engine.signal.addEventListener('abort', () => channel?.close())
}

/** A chat that is muted here during the request keeps what it was set to. */
async function readMuting({ model, request }: Engine): Promise<void> {
  type Data = { chats: Edges<Readonly<{ id: string; notifications: NotificationsData }>> }
  const before = new Map(model.ids().map((id) => [id, model.get(id)?.notifications]))
  const { edges } = (await request<Data>(MUTING)).chats
  for (const { node } of edges) {
    const chat = model.get(node.id)
    const isSame = isEqual(chat?.notifications, node.notifications)
    if (chat === undefined || isSame || chat.notifications !== before.get(node.id)) continue
    model.set({ ...chat, notifications: node.notifications })
  }
}

function apply({ model }: Engine, { viewerId, chatId, notifications }: Change): void {
  const chat = model.get(chatId)
  if (viewerId === model.viewerId && chat !== undefined) model.set({ ...chat, notifications })
}

function openChannel(): BroadcastChannel | undefined {
  return typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('parley:muting')
}

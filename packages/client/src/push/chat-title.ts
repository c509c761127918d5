import type { ClientStorage } from '../api.ts'
import type { Saved } from '../storage/state-cache.ts'
import { REGISTERED, type Registered } from './push-data.ts'

/**
 * Returns the title of a chat, as the client has stored it: that of the group, or the name of the other member.
 * Undefined if this browser does not know the chat yet.
 */
export async function storedTitle(storage: ClientStorage, chatId: string): Promise<string | undefined> {
  const registered = await storage.get<Registered>(REGISTERED)
  if (registered === undefined) return undefined
  const saved = await storage.get<Saved>(`${registered.viewerId}/chat/${chatId}`)
  if (saved === undefined) return undefined
  const { title, members } = saved.chat
  const otherId = Object.keys(members).find((userId) => userId !== registered.viewerId)
  return title ?? saved.users.find(({ id }) => id === otherId)?.name
}

import { badInput, forbidden } from '../errors.ts'
import type { ChatId, UserId } from '../ids.ts'
import { canonicalJson } from '../lib/bounded-json.ts'
import type { ChatEvent } from '../events/chat-event.ts'
import { type ChatSettings, writeSettings } from './chat-store.ts'
import { parseData } from './custom-data.ts'
import { parseTitle, parseTtl } from './chat-input.ts'
import type { Change, LockedChat } from './chat-log.ts'
import type { DurableChange } from './durable-change.ts'
import { isSystem, requirePresent, requireRank, SYSTEM_ACCESS } from './roles.ts'

/** The new settings. Undefined leaves a setting unchanged. A lifetime of 0 keeps messages forever. */
export type ChatChanges = Readonly<{
  title: string | undefined
  messageTtlSeconds: number | undefined
  /** Null removes the data. */
  data?: unknown
}>

export type ChatUpdater = Readonly<{
  /**
   * Changes the title of a group, its data, or the lifetime of messages that are sent from now on. In a direct chat
   * both members may change the lifetime and the data. The product's backend may do what an owner may. Settings that
   * are in place already succeed and add nothing to the log.
   *
   * Errors:
   * - NOT_FOUND – no such chat, or the actor was never a member.
   * - FORBIDDEN – the actor has left, is not an owner or admin, or names a title for a direct chat.
   * - BAD_USER_INPUT – no setting is named; see also `parseTitle`, `parseTtl` and `parseData`.
   * - UNAVAILABLE – not confirmed in time; may be repeated.
   */
  update(actorId: UserId, chatId: ChatId, changes: ChatChanges): Promise<void>
}>

export function createChatUpdater({ change }: { change: DurableChange }): ChatUpdater {
  return {
    async update(actorId, chatId, changes) {
      const wanted = parse(changes)
      if (Object.keys(wanted).length === 0)
        throw badInput('Name a change: set title, messageTtlSeconds or data.')
      await change({ chatId, actorId, what: 'Chat' }, async (tx, chat) => {
        await requireMayChange(chat, actorId, wanted)
        const { title, messageTtlSeconds, data } = chat
        const settings = { title, messageTtlSeconds, data, ...wanted }
        if (isSame(settings, chat)) return []
        await writeSettings(tx, chatId, settings)
        return hasBegun(chat) ? [chatUpdated(actorId)] : []
      })
    },
  }
}

function parse({ title, messageTtlSeconds, data }: ChatChanges): Partial<ChatSettings> {
  return {
    ...(title !== undefined && { title: parseTitle(title) }),
    ...(messageTtlSeconds !== undefined && { messageTtlSeconds: parseTtl(messageTtlSeconds) }),
    ...(data !== undefined && { data: data === null ? null : parseData(data, 'chat') }),
  }
}

async function requireMayChange(
  chat: LockedChat,
  actorId: UserId,
  wanted: Partial<ChatSettings>,
): Promise<void> {
  const actor = isSystem(actorId) ? SYSTEM_ACCESS : requirePresent(await chat.member(actorId))
  if (chat.kind === 'GROUP')
    return requireRank(actor, 'ADMIN', 'change its title, its data or the lifetime of messages')
  if (wanted.title !== undefined) throw forbidden('A direct chat has no title')
}

function isSame(settings: ChatSettings, { title, messageTtlSeconds, data }: ChatSettings): boolean {
  const isSameData = canonicalJson(settings.data) === canonicalJson(data)
  return settings.title === title && settings.messageTtlSeconds === messageTtlSeconds && isSameData
}

/**
 * A direct chat begins with its first message, and the other user sees it from then on. Earlier changes of its settings
 * are not events.
 */
function hasBegun({ kind, headSeq }: LockedChat): boolean {
  return kind === 'GROUP' || headSeq > 0
}

function chatUpdated(actorId: UserId): Change<Extract<ChatEvent, { type: 'ChatUpdated' }>> {
  const type = 'ChatUpdated'
  return { row: { type, actorId }, toEvent: (place) => ({ type, ...place, actorId, joined: [] }) }
}

import { badInput, notFound } from '../errors.ts'
import { type ChatId, newChatId, type UserId } from '../ids.ts'
import {
  answerInTime,
  changeNotConfirmed,
  FIVE_QUICK_ATTEMPTS,
  runDurableCommand,
} from '../store/sql/durable-command.ts'
import type { Users } from '../users/users.ts'
import type { Range } from '../lib/range.ts'
import type { ChatListPosition, ChatView, LowestWatermarks, Member, WatermarkKey } from '../events/chat.ts'
import type { ChatStore } from './chat-store.ts'

export type Chats = Readonly<{
  /** The chat as the viewer sees it; undefined where it does not exist or is none of theirs. */
  find(viewerId: UserId, chatId: ChatId): Promise<ChatView | undefined>
  /** As `find`, in the order of `chatIds`. */
  findMany(viewerId: UserId, chatIds: readonly ChatId[]): Promise<(ChatView | undefined)[]>
  /** As `find`; rejects with NOT_FOUND instead. */
  require(viewerId: UserId, chatId: ChatId): Promise<ChatView>
  list(viewerId: UserId, stretch: Range<ChatListPosition>): Promise<readonly ChatView[]>
  /** The present members, by id; to who has left, only their own membership. */
  members(view: ChatView, stretch: Range<UserId>): Promise<readonly Member[]>
  /** Those of `keys` whose chat has or had other members; see `LowestWatermarks`. */
  lowestWatermarks(keys: readonly WatermarkKey[]): Promise<readonly LowestWatermarks[]>
  /** The direct chat of two people, made if need be. BAD_USER_INPUT with oneself, NOT_FOUND with nobody, or UNAVAILABLE: again. */
  startDirectChat(viewerId: UserId, otherId: UserId): Promise<ChatView>
}>

export function createChats({ store, users }: { store: ChatStore; users: Users }): Chats {
  async function findMany(viewerId: UserId, chatIds: readonly ChatId[]): Promise<(ChatView | undefined)[]> {
    const views = await store.views(viewerId, [...new Set(chatIds)])
    const byId = new Map(views.map((view) => [view.chat.id, view]))
    return chatIds.map((id) => byId.get(id))
  }

  async function require(viewerId: UserId, chatId: ChatId): Promise<ChatView> {
    const [view] = await findMany(viewerId, [chatId])
    if (view === undefined) throw notFound('Chat')
    return view
  }

  /** May be repeated: what an attempt made whose outcome is unknown, the next one finds. */
  async function findOrCreate(viewerId: UserId, pair: readonly [UserId, UserId]): Promise<ChatId> {
    return (await store.findDirectChat(pair)) ?? store.createDirectChat(newChatId(), viewerId, pair)
  }

  async function startDirectChat(viewerId: UserId, otherId: UserId): Promise<ChatView> {
    if (viewerId === otherId) throw badInput('A direct chat needs another person: userId is your own')
    if ((await users.find(otherId)) === undefined) throw notFound('User')
    const pair = viewerId < otherId ? ([viewerId, otherId] as const) : ([otherId, viewerId] as const)
    const command = runDurableCommand({
      attempt: () => findOrCreate(viewerId, pair),
      retry: FIVE_QUICK_ATTEMPTS,
      notConfirmed: changeNotConfirmed,
    })
    const chatId = await answerInTime(command, changeNotConfirmed)
    const [view] = await store.views(viewerId, [chatId])
    if (view === undefined) throw notFound('Chat')
    return view
  }

  return {
    findMany,
    find: async (viewerId, chatId) => (await findMany(viewerId, [chatId]))[0],
    require,
    list: store.list,
    async members({ chat, member }, stretch) {
      if (member.leftSeq === null) return store.members(chat.id, stretch)
      return isBetween(member.userId, stretch) ? [member] : []
    },
    lowestWatermarks: store.lowestWatermarks,
    startDirectChat,
  }
}

function isBetween(userId: UserId, { after, before }: Range<UserId>): boolean {
  return (after === undefined || userId > after) && (before === undefined || userId < before)
}

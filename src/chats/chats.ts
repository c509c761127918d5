import { badInput, notFound } from '../errors.ts'
import { type ChatId, newChatId, type UserId } from '../ids.ts'
import {
  answerInTime,
  changeNotConfirmed,
  FIVE_QUICK_ATTEMPTS,
  runDurableCommand,
} from '../store/sql/durable-command.ts'
import type { Range } from '../lib/range.ts'
import type { ChatListPosition, ChatView, LowestWatermarks, Member, WatermarkKey } from '../events/chat.ts'
import type { ChatStore } from './chat-store.ts'

export type Chats = Readonly<{
  /** Returns the chat as the viewer sees it; undefined if it does not exist or the viewer was never a member. */
  find(viewerId: UserId, chatId: ChatId): Promise<ChatView | undefined>
  /** As `find`, in the order of `chatIds`. */
  findMany(viewerId: UserId, chatIds: readonly ChatId[]): Promise<(ChatView | undefined)[]>
  /** As `find`. Errors: NOT_FOUND – no such chat, or the viewer was never a member. */
  require(viewerId: UserId, chatId: ChatId): Promise<ChatView>
  /** Returns a page of the viewer's chats, most recently active first. */
  list(viewerId: UserId, range: Range<ChatListPosition>): Promise<readonly ChatView[]>
  /** Returns a page of the present members in order of id. A viewer who has left gets only their own membership. */
  members(view: ChatView, range: Range<UserId>): Promise<readonly Member[]>
  /** Returns those of `keys` whose chat has or had other members; see `LowestWatermarks`. */
  lowestWatermarks(keys: readonly WatermarkKey[]): Promise<readonly LowestWatermarks[]>
  /**
   * Returns the direct chat of two users, and creates it if it does not exist.
   *
   * Errors:
   * - BAD_USER_INPUT – both users are the same.
   * - NOT_FOUND – no such user.
   * - UNAVAILABLE – not confirmed in time; may be repeated.
   */
  startDirectChat(viewerId: UserId, otherId: UserId): Promise<ChatView>
}>

type Dependencies = Readonly<{
  store: ChatStore
  /** Returns whether a user with this id exists. */
  userExists(id: UserId): Promise<boolean>
}>

export function createChats({ store, userExists }: Dependencies): Chats {
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

  /** Repeatable: finds the chat that an earlier attempt created. */
  async function findOrCreate(viewerId: UserId, pair: readonly [UserId, UserId]): Promise<ChatId> {
    return (await store.findDirectChat(pair)) ?? store.createDirectChat(newChatId(), viewerId, pair)
  }

  async function startDirectChat(viewerId: UserId, otherId: UserId): Promise<ChatView> {
    if (viewerId === otherId) {
      throw badInput('userId is your own; a direct chat needs another user')
    }
    if (!(await userExists(otherId))) throw notFound('User')
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
    async members({ chat, member }, range) {
      if (member.leftSeq === null) return store.members(chat.id, range)
      return isBetween(member.userId, range) ? [member] : []
    },
    lowestWatermarks: store.lowestWatermarks,
    startDirectChat,
  }
}

function isBetween(userId: UserId, { after, before }: Range<UserId>): boolean {
  return (after === undefined || userId > after) && (before === undefined || userId < before)
}

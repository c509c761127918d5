import { badInput, notFound } from '../errors.ts'
import { type ChatId, type MemberId, newChatId, SYSTEM_USER_ID, type UserId } from '../ids.ts'
import {
  answerInTime,
  changeNotConfirmed,
  FIVE_QUICK_ATTEMPTS,
  runDurableCommand,
} from '../store/sql/durable-command.ts'
import { shareDeliveryReads } from '../store/replicas/delivery-reads.ts'
import { gatherReads } from '../store/replicas/gathered-reads.ts'
import type { Range } from '../lib/range.ts'
import type {
  Chat,
  ChatListPosition,
  ChatView,
  LowestWatermarks,
  Member,
  ViewedMember,
  WatermarkKey,
} from '../events/chat.ts'
import type { ChatStore, ViewedMemberId } from './chat-store.ts'

export type Chats = Readonly<{
  /** Returns the chat as the viewer sees it; undefined if it does not exist or the viewer was never a member. */
  find(viewerId: UserId, chatId: ChatId): Promise<ChatView | undefined>
  /**
   * As `find`, in the order of `chatIds`, and with deleted chats, whose last event shows them. Deliveries to all
   * viewers share their reads.
   */
  findMany(viewerId: UserId, chatIds: readonly ChatId[]): Promise<readonly (ChatView | undefined)[]>
  /** As `find`. Errors: NOT_FOUND – no such chat, or the viewer was never a member. */
  require(viewerId: UserId, chatId: ChatId): Promise<ChatView>
  /** Returns chats in the order of `chatIds`, without a check of members. For the product's backend only. */
  findAny(chatIds: readonly ChatId[]): Promise<(Chat | undefined)[]>
  /** Returns a page of the viewer's chats, most recently active first. */
  list(viewerId: UserId, range: Range<ChatListPosition>): Promise<readonly ChatView[]>
  /** Returns a page of the present members in order of id. A viewer who has left gets only their own membership. */
  members(view: ChatView, range: Range<UserId>): Promise<readonly Member[]>
  /**
   * Returns memberships as the viewer sees them, in the order of `ids`. A viewer who has left sees other members as
   * they were then. Undefined if the viewer cannot know of the membership. Deliveries to all viewers share their reads.
   */
  memberships(viewerId: UserId, ids: readonly MemberId[]): Promise<readonly (ViewedMember | undefined)[]>
  /** Returns the memberships that `members` lists for the viewer, in the order of `ids`. */
  findListed(viewerId: UserId, ids: readonly MemberId[]): Promise<(Member | undefined)[]>
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

/** The most reads of views that share a statement. */
const MAX_GATHERED = 10
/** The most views or memberships that deliveries read in one statement. */
const MAX_SHARED = 1_000

export function createChats({ store, userExists }: Dependencies): Chats {
  /** A chat has a view for each viewer, named by the viewer's own membership. */
  async function readViews(keys: readonly MemberId[]): Promise<(ChatView | undefined)[]> {
    const distinct = new Map(keys.map((key) => [memberKey(key), key]))
    const views = await store.views([...distinct.values()])
    const found = new Map(views.map((view) => [memberKey(view.member), view]))
    return keys.map((key) => found.get(memberKey(key)))
  }

  async function findMany(
    viewerId: UserId,
    chatIds: readonly ChatId[],
  ): Promise<readonly (ChatView | undefined)[]> {
    return viewsShared(chatIds.map((chatId) => ({ chatId, userId: viewerId })))
  }

  async function require(viewerId: UserId, chatId: ChatId): Promise<ChatView> {
    const [view] = await findMany(viewerId, [chatId])
    if (view === undefined || isDeleted(view)) throw notFound('Chat')
    return view
  }

  async function readMemberships(keys: readonly ViewedMemberId[]): Promise<(ViewedMember | undefined)[]> {
    const found = new Map((await store.memberships(keys)).map((member) => [viewedKey(member), member]))
    return keys.map((key) => found.get(viewedKey(key)))
  }

  const gatherViews = gatherReads({
    read: async (batches: readonly (readonly MemberId[])[]) => {
      const views = await readViews(batches.flat())
      let read = 0
      return batches.map(({ length }) => views.slice(read, (read += length)))
    },
    maxBatch: MAX_GATHERED,
  })
  const viewsShared = shareDeliveryReads(gatherViews, MAX_SHARED)
  const membershipsShared = shareDeliveryReads(readMemberships, MAX_SHARED)

  async function findListed(viewerId: UserId, ids: readonly MemberId[]): Promise<(Member | undefined)[]> {
    const found = await findMany(
      viewerId,
      ids.map(({ chatId }) => chatId),
    )
    const views = found.map((view) => (view === undefined || isDeleted(view) ? undefined : view))
    const others = ids.filter(
      ({ userId }, index) => userId !== viewerId && views[index]?.member.leftSeq === null,
    )
    const members =
      others.length === 0 ? [] : await store.memberships(others.map((id) => ({ ...id, viewerId })))
    const listed = new Map(
      members.filter(({ leftSeq }) => leftSeq === null).map((member) => [memberKey(member), member]),
    )
    return ids.map((id, index) => (id.userId === viewerId ? views[index]?.member : listed.get(memberKey(id))))
  }

  /** Repeatable: finds the chat that an earlier attempt created. */
  async function findOrCreate(viewerId: UserId, pair: readonly [UserId, UserId]): Promise<ChatId> {
    return (await store.findDirectChat(pair)) ?? store.createDirectChat(newChatId(), viewerId, pair)
  }

  async function startDirectChat(viewerId: UserId, otherId: UserId): Promise<ChatView> {
    if (viewerId === otherId) {
      throw badInput('userId is your own; a direct chat needs another user')
    }
    if (otherId === SYSTEM_USER_ID || !(await userExists(otherId))) throw notFound('User')
    const pair = viewerId < otherId ? ([viewerId, otherId] as const) : ([otherId, viewerId] as const)
    const command = runDurableCommand({
      attempt: () => findOrCreate(viewerId, pair),
      retry: FIVE_QUICK_ATTEMPTS,
      notConfirmed: changeNotConfirmed,
    })
    const chatId = await answerInTime(command, changeNotConfirmed)
    const [view] = await readViews([{ chatId, userId: viewerId }])
    if (view === undefined) throw notFound('Chat')
    return view
  }

  return {
    findMany,
    async find(viewerId, chatId) {
      const [view] = await findMany(viewerId, [chatId])
      return view === undefined || isDeleted(view) ? undefined : view
    },
    require,
    async findAny(chatIds) {
      const byId = new Map((await store.chats(chatIds)).map((chat) => [chat.id, chat]))
      return chatIds.map((id) => byId.get(id))
    },
    list: store.list,
    async members({ chat, member }, range) {
      if (member.leftSeq === null) return store.members(chat.id, range)
      return isBetween(member.userId, range) ? [member] : []
    },
    memberships: (viewerId, ids) => membershipsShared(ids.map((id) => ({ ...id, viewerId }))),
    findListed,
    lowestWatermarks: store.lowestWatermarks,
    startDirectChat,
  }
}

function isDeleted({ chat }: ChatView): boolean {
  return chat.deletedAt !== null
}

function isBetween(userId: UserId, { after, before }: Range<UserId>): boolean {
  return (after === undefined || userId > after) && (before === undefined || userId < before)
}

function memberKey({ chatId, userId }: MemberId): string {
  return `${chatId} ${userId}`
}

function viewedKey({ viewerId, chatId, userId }: ViewedMemberId): string {
  return JSON.stringify([viewerId, chatId, userId])
}

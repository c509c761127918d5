import DataLoader from 'dataloader'
import type { ChatView, ViewedMember, WatermarkKey } from '../events/chat.ts'
import { notFound, ParleyError } from '../errors.ts'
import type { ChatId, MemberId, MessageId, Seq, UserId } from '../ids.ts'
import type { Message, Reaction } from '../events/message.ts'
import type { Presence } from '../events/presence-state.ts'
import type { User } from '../users/user.ts'
import type { Services } from './services.ts'

/** Batched reads for one viewer: all reads of one kind in a tick become one. */
export type Loaders = Readonly<{
  user: DataLoader<UserId, User>
  /** Null if the viewer may not see it. */
  presence: DataLoader<UserId, Presence | null>
  chatView: DataLoader<ChatId, ChatView>
  /** Rejects with NOT_FOUND if the viewer cannot know of the membership. */
  membership: DataLoader<MemberId, ViewedMember>
  message: DataLoader<MessageId, Message | undefined>
  lastMessage: DataLoader<ChatView, Message | undefined>
  unreadCount: DataLoader<ChatView, number>
  reactions: DataLoader<MessageId, readonly Reaction[]>
  /** The lowest watermarks of the members of a chat except one; undefined if there is no other member. */
  lowestWatermarks: DataLoader<WatermarkKey, Readonly<{ deliveredSeq: Seq; readSeq: Seq }> | undefined>
}>

type LoaderServices = Pick<Services, 'users' | 'chats' | 'messages' | 'presence'>

/**
 * Loaders batch but do not cache: a subscription keeps its context for days, and each of its events must be read in the
 * state of that moment.
 */
export function createLoaders(
  { users, chats, messages, presence }: LoaderServices,
  viewerId: UserId | undefined,
): Loaders {
  return {
    user: batching<UserId, User>(async (ids) =>
      (await users.findMany(ids)).map((user) => user ?? notFound('User')),
    ),
    presence: batching<UserId, Presence | null>(async (ids) =>
      viewerId === undefined ? ids.map(() => null) : presence.find(viewerId, ids),
    ),
    membership: batching<MemberId, ViewedMember>(async (ids) => {
      if (viewerId === undefined) return ids.map(tokenMissing)
      return (await chats.memberships(viewerId, ids)).map((member) => member ?? notFound('Member'))
    }),
    chatView: batching<ChatId, ChatView>(async (ids) => {
      if (viewerId === undefined) return ids.map(tokenMissing)
      return (await chats.findMany(viewerId, ids)).map((view) => view ?? notFound('Chat'))
    }),
    message: batching((ids) => messages.findMany(ids)),
    lastMessage: batching((views) => messages.newest(views)),
    unreadCount: batching((views) => messages.countUnread(views)),
    reactions: batching((ids) => messages.reactions(ids)),
    lowestWatermarks: batching(async (keys) => {
      const found = new Map(
        (await chats.lowestWatermarks(keys)).map((lowest) => [watermarkKey(lowest), lowest]),
      )
      return keys.map((key) => found.get(watermarkKey(key)))
    }),
  }
}

function batching<Key, Value>(
  load: (keys: readonly Key[]) => Promise<readonly (Value | Error)[]>,
): DataLoader<Key, Value> {
  return new DataLoader(load, { cache: false })
}

function tokenMissing(): ParleyError {
  return new ParleyError('UNAUTHENTICATED', 'The token is missing. Send one.')
}

function watermarkKey({ chatId, exceptId }: WatermarkKey): string {
  return `${chatId} ${exceptId}`
}

import DataLoader from 'dataloader'
import type { ChatView, WatermarkKey } from '../events/chat.ts'
import { notFound, ParleyError } from '../errors.ts'
import type { ChatId, MessageId, Seq, UserId } from '../ids.ts'
import type { Message, Reaction } from '../events/message.ts'
import type { Presence } from '../events/presence-state.ts'
import type { User } from '../users/user.ts'
import type { Services } from './services.ts'

/** Reads on behalf of one viewer, each kind gathered for a tick and asked for at once. */
export type Loaders = Readonly<{
  user: DataLoader<UserId, User>
  /** Null where the viewer may not see it. */
  presence: DataLoader<UserId, Presence | null>
  chatView: DataLoader<ChatId, ChatView>
  message: DataLoader<MessageId, Message | undefined>
  lastMessage: DataLoader<ChatView, Message | undefined>
  unreadCount: DataLoader<ChatView, number>
  reactions: DataLoader<MessageId, readonly Reaction[]>
  /** How far all present members of a chat are, but one; undefined where there is nobody else. */
  lowestWatermarks: DataLoader<WatermarkKey, Readonly<{ deliveredSeq: Seq; readSeq: Seq }> | undefined>
}>

type LoaderServices = Pick<Services, 'users' | 'chats' | 'messages' | 'presence'>

/**
 * Loaders gather but don't remember: a subscription keeps its context for days, and each of its events has to be read
 * as things are then.
 */
export function createLoaders(
  { users, chats, messages, presence }: LoaderServices,
  viewerId: UserId | undefined,
): Loaders {
  return {
    user: gathering<UserId, User>(async (ids) =>
      (await users.findMany(ids)).map((user) => user ?? notFound('User')),
    ),
    presence: gathering<UserId, Presence | null>(async (ids) =>
      viewerId === undefined ? ids.map(() => null) : presence.find(viewerId, ids),
    ),
    chatView: gathering<ChatId, ChatView>(async (ids) => {
      if (viewerId === undefined) return ids.map(() => new ParleyError('UNAUTHENTICATED', 'Sign in first'))
      return (await chats.findMany(viewerId, ids)).map((view) => view ?? notFound('Chat'))
    }),
    message: gathering((ids) => messages.findMany(ids)),
    lastMessage: gathering((views) => messages.newest(views)),
    unreadCount: gathering((views) => messages.countUnread(views)),
    reactions: gathering((ids) => messages.reactions(ids)),
    lowestWatermarks: gathering(async (keys) => {
      const found = new Map(
        (await chats.lowestWatermarks(keys)).map((lowest) => [watermarkKey(lowest), lowest]),
      )
      return keys.map((key) => found.get(watermarkKey(key)))
    }),
  }
}

function gathering<Key, Value>(
  load: (keys: readonly Key[]) => Promise<readonly (Value | Error)[]>,
): DataLoader<Key, Value> {
  return new DataLoader(load, { cache: false })
}

function watermarkKey({ chatId, exceptId }: WatermarkKey): string {
  return `${chatId} ${exceptId}`
}

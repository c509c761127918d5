import type { ChatView } from '../events/chat.ts'
import { lastVisibleSeq, visiblePeriods } from '../events/chat.ts'
import { periodsAfter, periodsBefore } from '../events/membership-period.ts'
import type { Range } from '../lib/range.ts'
import type { ChatId, MessageId, Seq, UserId } from '../ids.ts'
import type { Message, Reaction } from '../events/message.ts'
import type { MessageStore } from './message-store.ts'

/** Unread messages are counted no further. */
export const UNREAD_CEILING = 999

/** Reading messages. What a view does not show is not found through it. */
export type Messages = Readonly<{
  /** In the order of `ids`; undefined where there is no such message. Says nothing about who may see it. */
  findMany(ids: readonly MessageId[]): Promise<(Message | undefined)[]>
  /** Messages of the viewed chat in order of seq; at most `limit`. */
  list(view: ChatView, stretch: Range<Seq>): Promise<readonly Message[]>
  /** The newest message that each view shows, in the order of the views. */
  newest(views: readonly ChatView[]): Promise<(Message | undefined)[]>
  /** How many messages of others each view's member has not read, up to `UNREAD_CEILING`, in order. */
  countUnread(views: readonly ChatView[]): Promise<readonly number[]>
  /** In the order of `ids`; within one message the emoji that came first stands first. */
  reactions(ids: readonly MessageId[]): Promise<(readonly Reaction[])[]>
}>

export function createMessages({ store }: { store: MessageStore }): Messages {
  return {
    async findMany(ids) {
      const found = byId(await store.findMany(ids))
      return ids.map((id) => found.get(keyOf(id)))
    },

    async list(view, { after, before, limit, inverted }) {
      const stays = periodsBefore(periodsAfter(visiblePeriods(view), after ?? 0), before ?? Infinity)
      return store.list(view.chat.id, stays, { limit, inverted })
    },

    async newest(views) {
      const stays = views.flatMap((view) =>
        visiblePeriods(view).map((stay) => ({ chatId: view.chat.id, ...stay })),
      )
      // In order of the stays, so that of several the last one stays.
      const newest = new Map((await store.newest(stays)).map((message) => [message.chatId, message]))
      return views.map((view) => newest.get(view.chat.id))
    },

    countUnread: (views) => store.countUnread(views.map(unreadKeyOf), UNREAD_CEILING),

    async reactions(ids) {
      const found = Map.groupBy(await store.reactions(ids), keyOf)
      return ids.map((id) => found.get(keyOf(id)) ?? [])
    },
  }
}

/** The same for equal ids, for use as a key. */
export function keyOf({ chatId, seq }: MessageId): string {
  return `${chatId}_${seq}`
}

function byId(messages: readonly Message[]): Map<string, Message> {
  return new Map(messages.map((message) => [keyOf(message), message]))
}

function unreadKeyOf(view: ChatView): { chatId: ChatId; userId: UserId; afterSeq: Seq; untilSeq: Seq } {
  const { chatId, userId, readSeq, joinedSeq } = view.member
  return { chatId, userId, afterSeq: Math.max(readSeq, joinedSeq - 1), untilSeq: lastVisibleSeq(view) }
}

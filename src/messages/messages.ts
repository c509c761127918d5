import type { ChatView } from '../events/chat.ts'
import { lastVisibleSeq, visiblePeriods } from '../events/chat.ts'
import { periodsAfter, periodsBefore } from '../events/membership-period.ts'
import type { Range } from '../lib/range.ts'
import type { MessageId, Seq } from '../ids.ts'
import type { Message, Reaction } from '../events/message.ts'
import { shareDeliveryReads } from '../store/replicas/delivery-reads.ts'
import { gatherReads } from '../store/replicas/gathered-reads.ts'
import type { MessageStore, UnreadKey } from './message-store.ts'

/** The count of unread messages stops here. */
export const UNREAD_CEILING = 999

/** Reads messages. Methods that take a view return only messages that the view shows. */
export type Messages = Readonly<{
  /** Returns messages in the order of `ids`; undefined if there is none. Does not check who may see them. */
  findMany(ids: readonly MessageId[]): Promise<(Message | undefined)[]>
  /** Returns a page of the chat's messages in order of seq. Pages that are read at the same time share statements. */
  list(view: ChatView, range: Range<Seq>): Promise<readonly Message[]>
  /** Returns the newest message that each view shows, in the order of the views. */
  newest(views: readonly ChatView[]): Promise<(Message | undefined)[]>
  /**
   * Returns how many messages from other users each view's member has not read, up to `UNREAD_CEILING`, in the order of
   * the views. Deliveries to all viewers share their reads.
   */
  countUnread(views: readonly ChatView[]): Promise<readonly number[]>
  /** Returns reactions in the order of `ids`. Within a message, the emoji that was used first is first. */
  reactions(ids: readonly MessageId[]): Promise<(readonly Reaction[])[]>
}>

/** The most pages of one statement. A page has a hundred messages at most. */
const MAX_SHARED_PAGES = 10

/** The most counts that deliveries read in one statement: each may examine thousands of messages. */
const MAX_SHARED_COUNTS = 100

export function createMessages({ store }: { store: MessageStore }): Messages {
  const countShared = shareDeliveryReads(
    (keys: readonly UnreadKey[]) => store.countUnread(keys, UNREAD_CEILING),
    MAX_SHARED_COUNTS,
  )

  const readPage = gatherReads({ read: store.pages, maxBatch: MAX_SHARED_PAGES })

  return {
    async findMany(ids) {
      const found = byId(await store.findMany(ids))
      return ids.map((id) => found.get(keyOf(id)))
    },

    async list(view, { after, before, limit, inverted }) {
      const periods = periodsBefore(periodsAfter(visiblePeriods(view), after ?? 0), before ?? Infinity)
      if (periods.length === 0) return []
      return readPage({ chatId: view.chat.id, periods, limit, inverted })
    },

    async newest(views) {
      const periods = views.flatMap((view) =>
        visiblePeriods(view).map((period) => ({ chatId: view.chat.id, ...period })),
      )
      // Periods are in order, so the entry of the last one replaces those before it.
      const newest = new Map((await store.newest(periods)).map((message) => [message.chatId, message]))
      return views.map((view) => newest.get(view.chat.id))
    },

    countUnread: (views) => countShared(views.map(unreadKeyOf)),

    async reactions(ids) {
      const found = Map.groupBy(await store.reactions(ids), keyOf)
      return ids.map((id) => found.get(keyOf(id)) ?? [])
    },
  }
}

/** Returns a map key that is equal for equal ids. */
export function keyOf({ chatId, seq }: MessageId): string {
  return `${chatId}_${seq}`
}

function byId(messages: readonly Message[]): Map<string, Message> {
  return new Map(messages.map((message) => [keyOf(message), message]))
}

function unreadKeyOf(view: ChatView): UnreadKey {
  const { chatId, userId, readSeq, joinedSeq } = view.member
  return { chatId, userId, afterSeq: Math.max(readSeq, joinedSeq - 1), untilSeq: lastVisibleSeq(view) }
}

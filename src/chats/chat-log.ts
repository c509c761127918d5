import type { ChatId, Seq, UserId } from '../ids.ts'
import { notFound, ParleyError } from '../errors.ts'
import { isSystem, type MemberAccess } from './roles.ts'
import type { MembershipPeriod } from '../events/membership-period.ts'
import type { Transaction } from '../store/sql/transaction.ts'
import type { Writer } from '../store/sql/writer.ts'
import type { ChatEvent } from '../events/chat-event.ts'
import type { ChatLogStore } from './chat-log-store.ts'
import type { ChatRow, LogRange, NewEventRow } from './log-rows.ts'

/** The most events that one read of the log returns. */
export const MAX_LOG_PAGE = 500

/** A chat whose row is locked: only the transaction that holds the lock can change the chat. */
export type LockedChat = ChatRow &
  Readonly<{
    /** Returns a user's present or last membership; undefined if the user was never a member. */
    member(userId: UserId): Promise<MemberAccess | undefined>
  }>

/** A decided change: the row to write, and the event that it becomes once it has its seq. */
export type Change<Event extends ChatEvent> = Readonly<{
  row: NewEventRow
  toEvent(place: Readonly<{ chatId: ChatId; seq: Seq; at: Date }>): Event
}>

/**
 * The chat to change, and the user who changes it. `what` names the missing object in NOT_FOUND. A deleted chat is
 * missing as well, unless `isDeletedToo`.
 */
export type ChangeTarget = Readonly<{
  chatId: ChatId
  actorId: UserId
  what: 'Chat' | 'Message'
  isDeletedToo?: true
}>

export type ChatLog = Readonly<{
  /** Returns the first events of the range: at most `limit`, and never more than `MAX_LOG_PAGE`. */
  read(range: LogRange, limit?: number): Promise<readonly ChatEvent[]>
  /**
   * As `read`, for the events within the membership periods, which must be in order.
   *
   * Errors: NOT_FOUND – retention has deleted the start of a period that is to be read.
   */
  readPeriods(
    chatId: ChatId,
    periods: readonly MembershipPeriod[],
    limit: number,
  ): Promise<readonly ChatEvent[]>
  /** Returns the seq of the last event that retention deleted; 0 if there is none. Never decreases. */
  floor(chatId: ChatId): Promise<Seq>
  /** Yields the whole range page by page. Each page is read when the caller asks for it. */
  pages(range: LogRange): AsyncGenerator<readonly ChatEvent[], void, void>
  /**
   * Appends events in one transaction: locks the chat's row, calls `decide`, which may read and write in the same
   * transaction, and assigns the next seqs to its changes in their order. Without changes, nothing is appended.
   *
   * Errors:
   * - NOT_FOUND – no such chat, or the actor was never a member and is not the system.
   * - any error that `decide` throws.
   */
  append<Event extends ChatEvent>(
    target: ChangeTarget,
    decide: (tx: Transaction, locked: LockedChat) => Promise<readonly Change<Event>[]>,
  ): Promise<readonly Event[]>
}>

export function createChatLog({ store, writer }: { store: ChatLogStore; writer: Writer }): ChatLog {
  async function* pages(range: LogRange): AsyncGenerator<readonly ChatEvent[], void, void> {
    let afterSeq = range.afterSeq
    while (afterSeq < range.untilSeq) {
      const page = await store.read({ ...range, afterSeq }, MAX_LOG_PAGE)
      const last = page.at(-1)
      if (last === undefined) return
      yield page
      afterSeq = last.seq
    }
  }

  return {
    read: (range, limit = MAX_LOG_PAGE) => store.read(range, Math.min(limit, MAX_LOG_PAGE)),
    async readPeriods(chatId, periods, limit) {
      const events: ChatEvent[] = []
      for (const { first, last } of periods) {
        const missing = Math.min(limit, MAX_LOG_PAGE) - events.length
        if (missing <= 0) break
        const page = await store.read({ chatId, afterSeq: first - 1, untilSeq: last }, missing)
        if (page[0]?.seq !== first) throw tooOld(first)
        events.push(...page)
      }
      return events
    },
    floor: store.floor,
    pages,
    append: ({ chatId, actorId, what, isDeletedToo = false }, decide) =>
      writer.transaction(async (tx) => {
        const locked = await store.lock(tx, chatId, isSystem(actorId) ? undefined : actorId)
        if (locked === undefined || (locked.isDeleted && !isDeletedToo)) throw notFound(what)
        const changes = await decide(tx, {
          ...locked,
          member: (userId) => store.memberAccess(tx, chatId, userId),
        })
        if (changes.length === 0) return []
        await store.append(
          tx,
          { chatId, afterSeq: locked.headSeq, at: locked.now },
          changes.map(({ row }) => row),
        )
        return changes.map((change, index) => {
          return change.toEvent({ chatId, seq: locked.headSeq + 1 + index, at: locked.now })
        })
      }),
  }
}

/** Retention deletes from the start of a log. So if any event of a range is missing, its first event is. */
function tooOld(seq: Seq): ParleyError {
  return new ParleyError(
    'NOT_FOUND',
    `The log no longer reaches back to ${seq}. Query messages and members instead.`,
  )
}

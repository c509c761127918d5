import type { ChatId, Seq, UserId } from '../ids.ts'
import { notFound, ParleyError } from '../errors.ts'
import type { MemberAccess } from './roles.ts'
import type { MembershipPeriod } from '../events/membership-period.ts'
import type { Transaction, Writer } from '../store/sql/writer.ts'
import type { ChatEvent } from '../events/chat-event.ts'
import type { ChatLogStore } from './chat-log-store.ts'
import type { ChatRow, LogRange, NewEventRow } from './log-rows.ts'

/** The most events that one read of the log answers with. */
export const MAX_LOG_PAGE = 500

/** A chat whose row is locked: nothing of it changes but by whoever holds it. */
export type LockedChat = ChatRow &
  Readonly<{
    /** Somebody's membership, present or past; undefined for whom it never concerned. */
    member(userId: UserId): Promise<MemberAccess | undefined>
  }>

/** What a change decided to write: the entry, and how the event reads once it has its place in the log. */
export type Change<Event extends ChatEvent> = Readonly<{
  row: NewEventRow
  toEvent(place: Readonly<{ chatId: ChatId; seq: Seq; at: Date }>): Event
}>

export type ChatLog = Readonly<{
  /** A page of the log: at most `MAX_LOG_PAGE` events of the stretch, from its start. */
  read(stretch: LogRange, limit?: number): Promise<readonly ChatEvent[]>
  /**
   * As `read`, of what lies in the stays, which are in order. Rejects with NOT_FOUND where the log no longer reaches
   * back to the start of one that is to be read.
   */
  readPeriods(
    chatId: ChatId,
    stays: readonly MembershipPeriod[],
    limit: number,
  ): Promise<readonly ChatEvent[]>
  /** The last entry that has left the log, because it was too old; 0 where none has. Never goes down. */
  floor(chatId: ChatId): Promise<Seq>
  /** All of a stretch, a page at a time, each read when it is asked for. */
  pages(stretch: LogRange): AsyncGenerator<readonly ChatEvent[], void, void>
  /**
   * Appends what is decided: locks the chat, lets `decide` look and write in the same transaction, gives the next
   * seqs to its changes in their order, commits. No changes take no seq. Rejects with NOT_FOUND of `what` was to be
   * changed where there is no such chat, and with whatever `decide` throws.
   */
  append<Event extends ChatEvent>(
    chatId: ChatId,
    what: 'Chat' | 'Message',
    decide: (tx: Transaction, locked: LockedChat) => Promise<readonly Change<Event>[]>,
  ): Promise<readonly Event[]>
}>

export function createChatLog({ store, writer }: { store: ChatLogStore; writer: Writer }): ChatLog {
  async function* pages(stretch: LogRange): AsyncGenerator<readonly ChatEvent[], void, void> {
    let afterSeq = stretch.afterSeq
    while (afterSeq < stretch.untilSeq) {
      const page = await store.read({ ...stretch, afterSeq }, MAX_LOG_PAGE)
      const last = page.at(-1)
      if (last === undefined) return
      yield page
      afterSeq = last.seq
    }
  }

  return {
    read: (stretch, limit = MAX_LOG_PAGE) => store.read(stretch, Math.min(limit, MAX_LOG_PAGE)),
    async readPeriods(chatId, stays, limit) {
      const events: ChatEvent[] = []
      for (const { first, last } of stays) {
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
    append: (chatId, what, decide) =>
      writer.transaction(async (tx) => {
        const locked = await store.lock(tx, chatId)
        if (locked === undefined) throw notFound(what)
        const changes = await decide(tx, {
          ...locked,
          member: (userId) => store.memberAccess(tx, chatId, userId),
        })
        if (changes.length === 0) return []
        const entries = changes.map((change) => change.row)
        await store.write(tx, { chatId, afterSeq: locked.headSeq, at: locked.now }, entries)
        return changes.map((change, index) => {
          return change.toEvent({ chatId, seq: locked.headSeq + 1 + index, at: locked.now })
        })
      }),
  }
}

/** What leaves is the beginning of a log: a stretch that lacks anything lacks its first entry. */
function tooOld(seq: Seq): ParleyError {
  return new ParleyError(
    'NOT_FOUND',
    `The log no longer reaches back to ${seq}. Query messages and members instead.`,
  )
}

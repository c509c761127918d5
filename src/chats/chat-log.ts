import type { ChatId, Seq, UserId } from '../ids.ts'
import { notFound } from '../errors.ts'
import type { Transaction, Writer } from '../store/writer.ts'
import type { ChatEvent, ChatEventType } from './chat-event.ts'
import type { MemberRole } from './chat.ts'
import type { ChatLogStore } from './chat-log-store.ts'

/** The most events that one read of the log answers with. */
export const MAX_LOG_PAGE = 500

/** A stretch of one chat's log: seqs from just after `afterSeq` up to and including `untilSeq`. */
export type LogStretch = Readonly<{ chatId: ChatId; afterSeq: Seq; untilSeq: Seq }>

/** What a chat's row says while it is locked. */
export type LockedChat = Readonly<{ headSeq: Seq; lastActivityAt: Date; now: Date }>

/** An event's row, before the log gave it a seq. */
export type NewEntry = Readonly<{
  type: ChatEventType
  actorId: UserId
  messageSeq?: Seq
  subjectId?: UserId
  role?: MemberRole
  emoji?: string
  added?: boolean
}>

/** What a change decided to write: the entry, and how the event reads once it has its place in the log. */
export type Change<Event extends ChatEvent> = Readonly<{
  entry: NewEntry
  toEvent(place: Readonly<{ chatId: ChatId; seq: Seq; at: Date }>): Event
}>

export type ChatLog = Readonly<{
  /** A page of the log: at most `MAX_LOG_PAGE` events of the stretch, from its start. */
  read(stretch: LogStretch, limit?: number): Promise<readonly ChatEvent[]>
  /** All of a stretch, a page at a time, each read when it is asked for. */
  pages(stretch: LogStretch): AsyncGenerator<readonly ChatEvent[], void, void>
  /**
   * Appends one event: locks the chat, lets `decide` look and write in the same transaction, takes the next seq
   * for what it decided, commits. Undefined from `decide` means that there is nothing to change, and takes no seq.
   * Rejects with NOT_FOUND of `what` was to be changed where there is no such chat, and with whatever `decide` throws.
   */
  append<Event extends ChatEvent>(
    chatId: ChatId,
    what: 'Chat' | 'Message',
    decide: (tx: Transaction, locked: LockedChat) => Promise<Change<Event> | undefined>,
  ): Promise<Event | undefined>
}>

export function createChatLog({ store, writer }: { store: ChatLogStore; writer: Writer }): ChatLog {
  async function* pages(stretch: LogStretch): AsyncGenerator<readonly ChatEvent[], void, void> {
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
    pages,
    append: (chatId, what, decide) =>
      writer.transaction(async (tx) => {
        const locked = await store.lock(tx, chatId)
        if (locked === undefined) throw notFound(what)
        const change = await decide(tx, locked)
        if (change === undefined) return undefined
        const place = { chatId, seq: locked.headSeq + 1, at: locked.now }
        await store.write(tx, chatId, place.seq, place.at, change.entry)
        return change.toEvent(place)
      }),
  }
}

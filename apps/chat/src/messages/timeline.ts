import type { Message } from '@parley/client'
import { dayOf } from '../lib/times.ts'

/** One line of the conversation. */
export type Row =
  | Readonly<{ type: 'day'; key: string; date: Date }>
  /** Above the first message that was unread when the chat was opened. */
  | Readonly<{ type: 'unread'; key: string }>
  | Readonly<{
      type: 'message'
      key: string
      message: Message
      isOwn: boolean
      /** Whether the message begins a group of messages of one sender. */
      isFirst: boolean
      /** Whether it ends one. */
      isLast: boolean
    }>

/** Messages of one sender that follow each other within this time form a group, in milliseconds. */
const GROUP_MS = 5 * 60_000

/** The messages that were unread when the chat was opened: those after one seq, up to another. */
export type UnreadRange = Readonly<{ afterSeq: number; untilSeq: number; count: number }>

/** Puts days and groups into the messages. */
export function toRows(
  messages: readonly Message[],
  viewerId: string | undefined,
  unread: UnreadRange | undefined,
): readonly Row[] {
  const rows: Row[] = []
  let previous: Message | undefined
  let previousDay = 0
  let isUnreadShown = unread === undefined
  let startsGroup = true
  for (const [index, message] of messages.entries()) {
    const { day, key } = factsOf(message)
    const isOwn = message.sender.id === viewerId
    if (day !== previousDay) {
      rows.push({ type: 'day', key: `day ${day}`, date: message.sentAt })
      startsGroup = true
    }
    if (!isUnreadShown && !isOwn && isIn(unread, message)) {
      isUnreadShown = true
      // At the very start of what is loaded, older messages may be unread too.
      if (previous !== undefined) rows.push({ type: 'unread', key: 'unread' })
      startsGroup = true
    }
    const next = messages[index + 1]
    const isLast = next === undefined || !isSameGroup(message, next) || factsOf(next).day !== day
    const isFirst = startsGroup || previous === undefined || !isSameGroup(previous, message)
    rows.push({ type: 'message', key, message, isOwn, isFirst, isLast })
    startsGroup = false
    previous = message
    previousDay = day
  }
  return rows
}

function isIn(range: UnreadRange | undefined, { seq }: Message): boolean {
  return range !== undefined && seq !== undefined && seq > range.afterSeq && seq <= range.untilSeq
}

/** Computed once for a message, because a long conversation is put into rows at each change of it. */
type Facts = Readonly<{
  day: number
  /** The same before and after the message is sent. */
  key: string
}>

const FACTS = new WeakMap<Message, Facts>()

function factsOf(message: Message): Facts {
  const known = FACTS.get(message)
  if (known !== undefined) return known
  const { sender, clientMessageId, sentAt } = message
  const facts = { day: dayOf(sentAt), key: `${sender.id} ${clientMessageId}` }
  FACTS.set(message, facts)
  return facts
}

function isSameGroup(before: Message, after: Message): boolean {
  return before.sender.id === after.sender.id && after.sentAt.getTime() - before.sentAt.getTime() < GROUP_MS
}

/** Returns the row of a message, or -1. */
export function indexOfMessage(rows: readonly Row[], messageId: string): number {
  return rows.findIndex((row) => row.type === 'message' && row.message.id === messageId)
}

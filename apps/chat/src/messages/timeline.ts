import type { Message } from '@parley/client'
import type { GroupEvent } from '@parley/client/group-events'
import { dayOf } from '../lib/times.ts'

/** One line of the conversation. */
export type Row =
  | Readonly<{ type: 'day'; key: string; date: Date }>
  /** Above the first message that was unread when the chat was opened. */
  | Readonly<{ type: 'unread'; key: string }>
  /** An event of the group. Members that one person added after each other share a line. */
  | Readonly<{ type: 'event'; key: string; events: readonly [GroupEvent, ...GroupEvent[]] }>
  /** A message that the product sent in its own name. */
  | Readonly<{ type: 'system'; key: string; message: Message }>
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

/** Puts days, groups and the events of a group into the messages. */
export function toRows(
  messages: readonly Message[],
  events: readonly GroupEvent[],
  viewerId: string | undefined,
  unread: UnreadRange | undefined,
): readonly Row[] {
  const rows: Row[] = []
  let previousDay = 0
  let isUnreadShown = unread === undefined
  let startsGroup = true
  let nextEvent = 0

  function startDay(day: number, date: Date): void {
    if (day === previousDay) return
    rows.push({ type: 'day', key: `day ${day}`, date })
    previousDay = day
    startsGroup = true
  }

  /** Events come before the messages that follow them in the log, so before all that are not in it yet. */
  function isEventBefore({ seq }: Message): boolean {
    const event = events[nextEvent]
    return event !== undefined && (seq === undefined || event.seq < seq)
  }

  function addEvent(event: GroupEvent): void {
    nextEvent += 1
    startDay(dayOf(event.at), event.at)
    const last = rows.at(-1)
    if (last?.type === 'event' && isSameAddition(last.events[0], event))
      rows[rows.length - 1] = { ...last, events: [...last.events, event] }
    else rows.push({ type: 'event', key: `event ${event.seq}`, events: [event] })
    startsGroup = true
  }

  let facts = messages[0] && factsOf(messages[0])
  for (let index = 0; facts !== undefined; index += 1) {
    const message = messages[index] as Message
    while (isEventBefore(message)) addEvent(events[nextEvent] as GroupEvent)
    const isOwn = facts.senderId === viewerId
    startDay(facts.day, message.sentAt)
    const isSystem = message.kind === 'SYSTEM'
    if (!isUnreadShown && !isOwn && !isSystem && isIn(unread, message)) {
      isUnreadShown = true
      // At the very start of what is loaded, older messages may be unread too.
      if (index > 0) rows.push({ type: 'unread', key: 'unread' })
      startsGroup = true
    }
    const next = messages[index + 1]
    const nextFacts = next && factsOf(next)
    const isLast = next === undefined || !isSameGroup(facts, nextFacts) || isEventBefore(next)
    if (isSystem) rows.push({ type: 'system', key: facts.key, message })
    else rows.push({ type: 'message', key: facts.key, message, isOwn, isFirst: startsGroup, isLast })
    startsGroup = isLast
    facts = nextFacts
  }
  for (const event of events.slice(nextEvent)) addEvent(event)
  return rows
}

/** Whether the same person adds another member. */
function isSameAddition(before: GroupEvent, after: GroupEvent): boolean {
  return [before, after].every(({ type }) => type === 'member-added') && before.actor.id === after.actor.id
}

function isIn(range: UnreadRange | undefined, { seq }: Message): boolean {
  return range !== undefined && seq !== undefined && seq > range.afterSeq && seq <= range.untilSeq
}

/** Computed once for a message, because a long conversation is put into rows at each change of it. */
type Facts = Readonly<{
  senderId: string
  sentAtMs: number
  day: number
  /** The same before and after the message is sent. */
  key: string
}>

const FACTS = new WeakMap<Message, Facts>()

function factsOf(message: Message): Facts {
  const known = FACTS.get(message)
  if (known !== undefined) return known
  const { sender, clientMessageId, sentAt } = message
  const facts = {
    senderId: sender.id,
    sentAtMs: sentAt.getTime(),
    day: dayOf(sentAt),
    key: `${sender.id} ${clientMessageId}`,
  }
  FACTS.set(message, facts)
  return facts
}

function isSameGroup(before: Facts, after: Facts | undefined): boolean {
  if (before.senderId !== after?.senderId || before.day !== after.day) return false
  return after.sentAtMs - before.sentAtMs < GROUP_MS
}

/** Returns the row of a message, or -1. */
export function indexOfMessage(rows: readonly Row[], messageId: string): number {
  return rows.findIndex((row) => 'message' in row && row.message.id === messageId)
}

import { expect } from 'vitest'
import type { Content, Delivery, LoggedEvent, History, Receipt, Send } from './history.ts'

/** A guarantee that a run can break. */
export type Rule =
  /** A message was acknowledged to its sender, and a device of a member did not receive it. */
  | 'lost'
  /** An event is in the log, and a device of a member did not receive it. */
  | 'missing'
  /** A device received a message without a send, or an event that is not in the log. */
  | 'unexpected'
  /** A send definitely failed, and its message is in the log or on a device. */
  | 'failed but present'
  /** One send has two positions. */
  | 'repeated'
  /** One position of a chat has two contents. */
  | 'two contents'
  /** The seqs of a chat's log are not 1, 2, 3 … */
  | 'gap in the log'
  /** A device received a chat's events out of order, or skipped one. */
  | 'out of order'
  /** A device received an event twice within one subscription. */
  | 'repeated in one subscription'
  /** A send started after another was acknowledged, and got the lower position. */
  | 'overtaken'
  /** A device received events of a chat that its owner is not a member of. */
  | 'not a member'
  /** The watermarks of a member went back on one subscription. */
  | 'receipt went back'
  /** A receipt on one subscription moved no watermark. */
  | 'receipt without change'
  /** A device received InboxReset. */
  | 'reset'

export type Finding = Readonly<{ rule: Rule; text: string }>

/**
 * Returns every broken guarantee of a history. Call it after all faults are repaired and all devices have read their
 * inboxes to the end: until then, events that are still on their way count as lost.
 */
export function checkHistory(history: History): readonly Finding[] {
  return [
    ...notReceived(history),
    ...unexpected(history),
    ...failedButPresent(history),
    ...repeated(history),
    ...twoContents(history),
    ...gaps(history),
    ...outOfOrder(history),
    ...overtaken(history),
    ...backwards(history),
    ...history.resets.map((device) => finding('reset', `${device} received InboxReset`)),
  ]
}

/** Counts the events that devices received again. Clients drop events with a known chat and seq, so that is allowed. */
export function countRepeats({ deliveries }: History): number {
  return deliveries.length - new Set(deliveries.map((one) => `${one.device} ${positionOf(one)}`)).size
}

/** Fails with the number of findings per rule and the first of each, unless there are none. */
export function expectNoFindings(history: History): void {
  const findings = checkHistory(history)
  const rules = Map.groupBy(findings, ({ rule }) => rule)
  const summary = [...rules].map(
    ([rule, group]) => `${group.length} × ${rule}, first: ${group[0]?.text ?? ''}`,
  )
  expect(summary).toEqual([])
}

function* notReceived(history: History): Iterable<Finding> {
  const received = new Set(history.deliveries.map((one) => `${one.device} ${eventIdentity(one)}`))
  const devices = devicesByChat(history)
  const committed = history.log.map((event) => ({ rule: 'missing' as const, event }))
  const all = [...acknowledged(history).map((event) => ({ rule: 'lost' as const, event })), ...committed]
  for (const { rule, event } of all) {
    for (const device of devices.get(event.chatId) ?? []) {
      if (!received.has(`${device} ${eventIdentity(event)}`))
        yield finding(rule, `${eventIdentity(event)} for ${device}`)
    }
  }
}

function* unexpected(history: History): Iterable<Finding> {
  const attempted = new Set(history.sends.map(fullContent))
  const stored = new Set(history.log.map(eventIdentity))
  const devices = devicesByChat(history)
  for (const one of history.deliveries) {
    const where = `${eventIdentity(one)} at ${one.device}`
    if (!attempted.has(fullContent(one))) yield finding('unexpected', `no send of ${where}`)
    else if (!stored.has(eventIdentity(one))) yield finding('unexpected', `the log does not have ${where}`)
    if (devices.get(one.chatId)?.includes(one.device) !== true) yield finding('not a member', where)
  }
}

function* failedButPresent(history: History): Iterable<Finding> {
  const present = new Set([...history.log, ...history.deliveries].map(identity))
  for (const send of history.sends) {
    if (send.outcome.type !== 'fail' || !present.has(identity(send))) continue
    yield finding('failed but present', `${identity(send)}: ${send.outcome.reason}`)
  }
}

function* repeated(history: History): Iterable<Finding> {
  const events = [...acknowledged(history), ...history.log, ...history.deliveries]
  for (const [key, group] of Map.groupBy(events, identity)) {
    const seqs = new Set(group.map(({ seq }) => seq))
    if (seqs.size > 1) yield finding('repeated', `${key} at ${[...seqs].join(', ')}`)
  }
}

function* twoContents(history: History): Iterable<Finding> {
  const events = [...acknowledged(history), ...history.log, ...history.deliveries]
  for (const [where, group] of Map.groupBy(events, positionOf)) {
    const contents = new Set(group.map(fullContent))
    if (contents.size > 1) yield finding('two contents', `${where}: ${[...contents].join(' | ')}`)
  }
}

function* gaps({ log }: History): Iterable<Finding> {
  for (const [chatId, events] of Map.groupBy(log, (event) => event.chatId)) {
    const seqs = events.map(({ seq }) => seq).toSorted((a, b) => a - b)
    const at = seqs.findIndex((seq, index) => seq !== index + 1)
    if (at >= 0) yield finding('gap in the log', `${chatId} has ${seqs[at]} as number ${at + 1}`)
  }
}

/**
 * A subscription may start with events that the device has already, and continues one by one. An event that is new to
 * the device follows directly on its highest seq over all of its subscriptions. Only then is it enough for a client to
 * drop events with a known seq.
 */
function* outOfOrder({ deliveries }: History): Iterable<Finding> {
  const heads = new Map<string, number>()
  const latest = new Map<string, number>()
  for (const one of deliveries) {
    const stream = `${one.device} ${one.chatId}`
    const head = heads.get(stream) ?? 0
    const before = latest.get(`${stream} ${one.subscription}`)
    const text = `${one.device} got ${positionOf(one)} after ${before ?? 'the start'}, having ${head}`
    if (before !== undefined && one.seq <= before) yield finding('repeated in one subscription', text)
    else if (one.seq > head + 1 || (before !== undefined && one.seq !== before + 1))
      yield finding('out of order', text)
    heads.set(stream, Math.max(head, one.seq))
    latest.set(`${stream} ${one.subscription}`, one.seq)
  }
}

/** Walks through starts and ends in order, and keeps the highest position acknowledged so far. */
function* overtaken({ sends }: History): Iterable<Finding> {
  for (const [, group] of Map.groupBy(sends.filter(isAcknowledged), ({ chatId }) => chatId)) {
    const ends = group.toSorted((a, b) => a.endedAt - b.endedAt)
    let [highest, ended] = [0, 0]
    for (const send of group.toSorted((a, b) => a.startedAt - b.startedAt)) {
      for (
        let end = ends[ended];
        end !== undefined && end.endedAt < send.startedAt;
        end = ends[(ended += 1)]
      ) {
        highest = Math.max(highest, end.outcome.seq)
      }
      if (send.outcome.seq <= highest) yield finding('overtaken', `${identity(send)} by number ${highest}`)
    }
  }
}

/** A subscription may start with watermarks that the device has already. Each later receipt moves one forward. */
function* backwards({ receipts }: History): Iterable<Finding> {
  const latest = new Map<string, Receipt>()
  for (const one of receipts) {
    const key = `${one.device} ${one.subscription} ${one.chatId} ${one.userId}`
    const before = latest.get(key)
    latest.set(key, one)
    if (before === undefined) continue
    const [delivered, read] = [one.deliveredSeq - before.deliveredSeq, one.readSeq - before.readSeq]
    const text = `${key}: ${before.deliveredSeq}/${before.readSeq}, then ${one.deliveredSeq}/${one.readSeq}`
    if (delivered < 0 || read < 0) yield finding('receipt went back', text)
    else if (delivered === 0 && read === 0) yield finding('receipt without change', text)
  }
}

type Acknowledged = Send & Readonly<{ outcome: Readonly<{ type: 'ok'; seq: number }> }>

function isAcknowledged(send: Send): send is Acknowledged {
  return send.outcome.type === 'ok'
}

function acknowledged({ sends }: History): readonly LoggedEvent[] {
  return sends.filter(isAcknowledged).map((send) => ({ ...send, seq: send.outcome.seq }))
}

function devicesByChat({ members, devices }: History): ReadonlyMap<string, readonly string[]> {
  const of = (people: readonly string[]): readonly string[] =>
    [...devices].flatMap(([device, owner]) => (people.includes(owner) ? [device] : []))
  return new Map([...members].map(([chatId, people]) => [chatId, of(people)]))
}

function finding(rule: Rule, text: string): Finding {
  return { rule, text }
}

function positionOf({ chatId, seq }: Pick<Delivery, 'chatId' | 'seq'>): string {
  return `${chatId}#${seq}`
}

/** Two sends with the same identity are one send. */
function identity({ chatId, sender, key }: Content): string {
  return `${chatId} ${sender} ${key}`
}

function fullContent(content: Content): string {
  return `${identity(content)} ${JSON.stringify(content.body)}`
}

function eventIdentity(event: LoggedEvent): string {
  return `${positionOf(event)} ${event.sender} ${event.key}`
}

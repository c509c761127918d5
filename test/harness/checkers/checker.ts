import { expect } from 'vitest'
import type { Content, Delivery, Entry, History, Send } from './history.ts'

/** What a run may have done wrong. */
export type Rule =
  /** A message that its sender was told is stored did not reach a device of a member. */
  | 'lost'
  /** An entry of the log did not reach a device of a member. */
  | 'missing'
  /** A device received what nobody sent, or what the log doesn't have. */
  | 'unexpected'
  /** Something is there of which the sender was told that it definitely did not happen. */
  | 'failed, yet there'
  /** One send shows at two positions. */
  | 'repeated'
  /** One position of a chat has two contents. */
  | 'two contents'
  /** A chat's log isn't 1, 2, 3 … */
  | 'hole in the log'
  /** A device received a chat's events out of order, or passed one over. */
  | 'out of order'
  /** Within one subscription, a device received an event again. */
  | 'repeated in one subscription'
  /** A send that began after another had been acknowledged got the lower position. */
  | 'overtaken'
  /** A device received events of a chat that its owner is not in. */
  | 'not a member'
  /** A device was told to start anew. */
  | 'reset'

export type Finding = Readonly<{ rule: Rule; text: string }>

/** Everything that is wrong with a history whose faults have healed and whose devices have read to the end. */
export function check(history: History): readonly Finding[] {
  return [
    ...notReceived(history),
    ...unexpected(history),
    ...failedYetThere(history),
    ...repeated(history),
    ...twoContents(history),
    ...holes(history),
    ...outOfOrder(history),
    ...overtaken(history),
    ...history.resets.map((device) => finding('reset', `${device} was told to start anew`)),
  ]
}

/** How often devices received what they had already. That is no fault: they drop what is equal in chat and seq. */
export function countRepeats({ deliveries }: History): number {
  return deliveries.length - new Set(deliveries.map((one) => `${one.device} ${place(one)}`)).size
}

/** Fails with a summary and the first findings, unless there are none. */
export function expectClean(history: History): void {
  const findings = check(history)
  const rules = Map.groupBy(findings, ({ rule }) => rule)
  const summary = [...rules].map(([rule, some]) => `${some.length} × ${rule}, first: ${some[0]?.text ?? ''}`)
  expect(summary).toEqual([])
}

function* notReceived(history: History): Iterable<Finding> {
  const received = new Set(history.deliveries.map((one) => `${one.device} ${named(one)}`))
  const devices = devicesByChat(history)
  const committed = history.log.map((entry) => ({ rule: 'missing' as const, entry }))
  const all = [...acknowledged(history).map((entry) => ({ rule: 'lost' as const, entry })), ...committed]
  for (const { rule, entry } of all) {
    for (const device of devices.get(entry.chatId) ?? []) {
      if (!received.has(`${device} ${named(entry)}`)) yield finding(rule, `${named(entry)} for ${device}`)
    }
  }
}

function* unexpected(history: History): Iterable<Finding> {
  const attempted = new Set(history.sends.map(fullContent))
  const stored = new Set(history.log.map(named))
  const devices = devicesByChat(history)
  for (const one of history.deliveries) {
    const where = `${named(one)} at ${one.device}`
    if (!attempted.has(fullContent(one))) yield finding('unexpected', `nobody sent ${where}`)
    else if (!stored.has(named(one))) yield finding('unexpected', `the log doesn't have ${where}`)
    if (devices.get(one.chatId)?.includes(one.device) !== true) yield finding('not a member', where)
  }
}

function* failedYetThere(history: History): Iterable<Finding> {
  const there = new Set([...history.log, ...history.deliveries].map(identity))
  for (const send of history.sends) {
    if (send.outcome.type !== 'fail' || !there.has(identity(send))) continue
    yield finding('failed, yet there', `${identity(send)}: ${send.outcome.reason}`)
  }
}

function* repeated(history: History): Iterable<Finding> {
  const entries = [...acknowledged(history), ...history.log, ...history.deliveries]
  for (const [key, some] of Map.groupBy(entries, identity)) {
    const seqs = new Set(some.map(({ seq }) => seq))
    if (seqs.size > 1) yield finding('repeated', `${key} at ${[...seqs].join(', ')}`)
  }
}

function* twoContents(history: History): Iterable<Finding> {
  const entries = [...acknowledged(history), ...history.log, ...history.deliveries]
  for (const [where, some] of Map.groupBy(entries, place)) {
    const contents = new Set(some.map(fullContent))
    if (contents.size > 1) yield finding('two contents', `${where}: ${[...contents].join(' | ')}`)
  }
}

function* holes({ log }: History): Iterable<Finding> {
  for (const [chatId, entries] of Map.groupBy(log, (entry) => entry.chatId)) {
    const seqs = entries.map(({ seq }) => seq).toSorted((a, b) => a - b)
    const at = seqs.findIndex((seq, index) => seq !== index + 1)
    if (at >= 0) yield finding('hole in the log', `${chatId} has ${seqs[at]} as number ${at + 1}`)
  }
}

/**
 * A subscription may begin with what the device has already, and then goes on one by one. Whatever is news to the
 * device follows right on the highest seq that it has, over all of its subscriptions: that is what makes dropping the
 * equal ones enough for a client.
 */
function* outOfOrder({ deliveries }: History): Iterable<Finding> {
  const heads = new Map<string, number>()
  const latest = new Map<string, number>()
  for (const one of deliveries) {
    const stream = `${one.device} ${one.chatId}`
    const head = heads.get(stream) ?? 0
    const before = latest.get(`${stream} ${one.subscription}`)
    const text = `${one.device} got ${place(one)} after ${before ?? 'a new start'}, having ${head}`
    if (before !== undefined && one.seq <= before) yield finding('repeated in one subscription', text)
    else if (one.seq > head + 1 || (before !== undefined && one.seq !== before + 1))
      yield finding('out of order', text)
    heads.set(stream, Math.max(head, one.seq))
    latest.set(`${stream} ${one.subscription}`, one.seq)
  }
}

/** Goes through starts and ends in their order, with the highest position that was acknowledged so far. */
function* overtaken({ sends }: History): Iterable<Finding> {
  for (const [, some] of Map.groupBy(sends.filter(isAcknowledged), ({ chatId }) => chatId)) {
    const ends = some.toSorted((a, b) => a.endedAt - b.endedAt)
    let [highest, ended] = [0, 0]
    for (const send of some.toSorted((a, b) => a.startedAt - b.startedAt)) {
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

type Acknowledged = Send & Readonly<{ outcome: Readonly<{ type: 'ok'; seq: number }> }>

function isAcknowledged(send: Send): send is Acknowledged {
  return send.outcome.type === 'ok'
}

function acknowledged({ sends }: History): readonly Entry[] {
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

function place({ chatId, seq }: Pick<Delivery, 'chatId' | 'seq'>): string {
  return `${chatId}#${seq}`
}

/** What makes two sends the same one. */
function identity({ chatId, sender, key }: Content): string {
  return `${chatId} ${sender} ${key}`
}

function fullContent(content: Content): string {
  return `${identity(content)} ${JSON.stringify(content.body)}`
}

function named(entry: Entry): string {
  return `${place(entry)} ${entry.sender} ${entry.key}`
}

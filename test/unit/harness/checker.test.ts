import { expect, test } from 'vitest'
import { check, countRepeats } from '../../harness/checkers/checker.ts'
import type { Delivery, Entry, History, Send } from '../../harness/checkers/history.ts'

const DEVICES = new Map([
  ["alice's phone", 'alice'],
  ["bob's phone", 'bob'],
])

function entry(seq: number, key = `key ${seq}`): Entry {
  return { chatId: 'chat', sender: 'alice', key, body: `message of ${key}`, seq }
}

function send(seq: number, changes: Partial<Send> = {}): Send {
  const { seq: _, ...content } = entry(seq)
  const outcome = { type: 'ok', seq, id: `id ${seq}` } as const
  return { ...content, startedAt: seq * 2, endedAt: seq * 2 + 1, outcome, ...changes }
}

function at(device: string, seqs: readonly number[], subscription = 1): Delivery[] {
  return seqs.map((seq) => ({ ...entry(seq), device, subscription }))
}

/** Three messages that reached everybody once, but for what is changed. */
function history(changes: Partial<History> = {}): History {
  return {
    members: new Map([['chat', ['alice', 'bob']]]),
    devices: DEVICES,
    sends: [1, 2, 3].map((seq) => send(seq)),
    deliveries: [...DEVICES.keys()].flatMap((device) => at(device, [1, 2, 3])),
    log: [1, 2, 3].map((seq) => entry(seq)),
    resets: [],
    ...changes,
  }
}

function rules(changes: Partial<History>): string[] {
  return [...new Set(check(history(changes)).map(({ rule }) => rule))].toSorted()
}

/** What bob's phone received, and everything at alice's. */
function atBob(...deliveries: readonly Delivery[]): readonly Delivery[] {
  return [...at("alice's phone", [1, 2, 3]), ...deliveries]
}

test('nothing is found where everybody got everything once and in order', () => {
  expect(check(history())).toEqual([])
})

test('what came again after a new subscription is counted, and no fault', () => {
  const deliveries = atBob(...at("bob's phone", [1, 2]), ...at("bob's phone", [2, 3], 2))
  expect(rules({ deliveries })).toEqual([])
  expect(countRepeats(history({ deliveries }))).toBe(1)
})

test('a message that was acknowledged and did not reach a device is lost', () => {
  expect(rules({ deliveries: atBob(...at("bob's phone", [1, 2])) })).toEqual(['lost', 'missing'])
})

test('a message without an acknowledgement that is in the log has to reach everybody', () => {
  const sends = [send(1), send(2), send(3, { outcome: { type: 'info', reason: 'timeout' } })]
  expect(rules({ sends })).toEqual([])
  expect(rules({ sends, deliveries: atBob(...at("bob's phone", [1, 2])) })).toEqual(['missing'])
})

test('a message without an acknowledgement may be nowhere', () => {
  const lost = send(4, { outcome: { type: 'info', reason: 'timeout' } })
  expect(rules({ sends: [...history().sends, lost] })).toEqual([])
})

test('a message that nobody sent is unexpected', () => {
  expect(rules({ sends: [send(1), send(2)] })).toEqual(['unexpected'])
})

test('a message that was told and is not in the log is unexpected', () => {
  const tried = send(4, { outcome: { type: 'info', reason: 'timeout' } })
  const deliveries = atBob(...at("bob's phone", [1, 2, 3, 4]))
  expect(rules({ sends: [...history().sends, tried], deliveries })).toEqual(['unexpected'])
})

test('a definite failure must not be there', () => {
  const sends = [send(1), send(2), send(3, { outcome: { type: 'fail', reason: 'FORBIDDEN' } })]
  expect(rules({ sends })).toEqual(['failed, yet there'])
})

test('one send at two positions is repeated, whether acknowledged or not', () => {
  const twice = { ...entry(3, 'key 2'), seq: 3 }
  const deliveries = [...DEVICES.keys()].flatMap((device) => [
    ...at(device, [1, 2]),
    { ...twice, device, subscription: 1 },
  ])
  const log = [entry(1), entry(2), twice]
  expect(rules({ sends: [send(1), send(2)], deliveries, log })).toEqual(['repeated'])
  const sends = [send(1), send(2, { outcome: { type: 'info', reason: 'timeout' } })]
  expect(rules({ sends, deliveries, log })).toEqual(['repeated'])
})

test('one position with two contents is found', () => {
  const other = { ...entry(3), body: 'something else', device: "bob's phone", subscription: 1 }
  const sends = [...history().sends, send(3, { body: 'something else' })]
  const deliveries = atBob(...at("bob's phone", [1, 2]), other)
  expect(rules({ sends, deliveries })).toContain('two contents')
})

test('a log with a hole is found', () => {
  expect(rules({ log: [entry(1), entry(3)] })).toContain('hole in the log')
})

test('events out of order are found, and events passed over, even where they come later', () => {
  const jumping = atBob(...at("bob's phone", [1, 3]), ...at("bob's phone", [2, 3], 2))
  expect(rules({ deliveries: jumping })).toEqual(['out of order'])
  const skippingAfterReturn = atBob(
    ...at("bob's phone", [1]),
    ...at("bob's phone", [3], 2),
    ...at("bob's phone", [2], 3),
  )
  expect(rules({ deliveries: skippingAfterReturn })).toEqual(['out of order'])
})

test('an event that comes twice within one subscription is found', () => {
  expect(rules({ deliveries: atBob(...at("bob's phone", [1, 2, 2, 3])) })).toEqual([
    'repeated in one subscription',
  ])
})

test('a send that began after another was acknowledged must come behind it', () => {
  const sends = [send(1), send(2, { startedAt: 20, endedAt: 21 }), send(3, { startedAt: 6, endedAt: 7 })]
  expect(rules({ sends })).toEqual(['overtaken'])
  const atOnce = [send(1), send(2, { startedAt: 5, endedAt: 21 }), send(3, { startedAt: 6, endedAt: 7 })]
  expect(rules({ sends: atOnce })).toEqual([])
})

test('events of a chat that one is not in are found', () => {
  const devices = new Map([...DEVICES, ["carol's phone", 'carol']])
  const deliveries = [...history().deliveries, ...at("carol's phone", [1])]
  expect(rules({ devices, deliveries })).toEqual(['not a member'])
})

test('a device that was told to start anew is found', () => {
  expect(rules({ resets: ["bob's phone"] })).toEqual(['reset'])
})

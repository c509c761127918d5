import { expect, test } from 'vitest'
import { checkHistory, countRepeats } from '../../harness/checkers/history-checker.ts'
import type { Delivery, LoggedEvent, History, Receipt, Send } from '../../harness/checkers/history.ts'

const DEVICES = new Map([
  ["alice's phone", 'alice'],
  ["bob's phone", 'bob'],
])

function logged(seq: number, key = `key ${seq}`): LoggedEvent {
  return { chatId: 'chat', sender: 'alice', key, body: `message of ${key}`, seq }
}

function send(seq: number, changes: Partial<Send> = {}): Send {
  const { seq: _, ...content } = logged(seq)
  const outcome = { type: 'ok', seq, id: `id ${seq}` } as const
  return { ...content, startedAt: seq * 2, endedAt: seq * 2 + 1, outcome, ...changes }
}

function receivedBy(device: string, seqs: readonly number[], subscription = 1): Delivery[] {
  return seqs.map((seq) => ({ ...logged(seq), device, subscription }))
}

/** Three messages that reached all devices once, with these changes. */
function history(changes: Partial<History> = {}): History {
  return {
    members: new Map([['chat', ['alice', 'bob']]]),
    devices: DEVICES,
    sends: [1, 2, 3].map((seq) => send(seq)),
    deliveries: [...DEVICES.keys()].flatMap((device) => receivedBy(device, [1, 2, 3])),
    log: [1, 2, 3].map((seq) => logged(seq)),
    receipts: [],
    resets: [],
    ...changes,
  }
}

function rulesBroken(changes: Partial<History>): string[] {
  return [...new Set(checkHistory(history(changes)).map(({ rule }) => rule))].toSorted()
}

/** All events on alice's phone, and these on bob's. */
function withBobReceiving(...deliveries: readonly Delivery[]): readonly Delivery[] {
  return [...receivedBy("alice's phone", [1, 2, 3]), ...deliveries]
}

test('finds nothing if all devices receive all events once and in order', () => {
  expect(checkHistory(history())).toEqual([])
})

test('counts events repeated by a new subscription, without a finding', () => {
  const deliveries = withBobReceiving(
    ...receivedBy("bob's phone", [1, 2]),
    ...receivedBy("bob's phone", [2, 3], 2),
  )
  expect(rulesBroken({ deliveries })).toEqual([])
  expect(countRepeats(history({ deliveries }))).toBe(1)
})

test('finds an acknowledged message that a device did not receive', () => {
  expect(rulesBroken({ deliveries: withBobReceiving(...receivedBy("bob's phone", [1, 2])) })).toEqual([
    'lost',
    'missing',
  ])
})

test('finds an unacknowledged message in the log that a device did not receive', () => {
  const sends = [send(1), send(2), send(3, { outcome: { type: 'info', reason: 'timeout' } })]
  expect(rulesBroken({ sends })).toEqual([])
  expect(rulesBroken({ sends, deliveries: withBobReceiving(...receivedBy("bob's phone", [1, 2])) })).toEqual([
    'missing',
  ])
})

test('accepts an unacknowledged message that is not in the log', () => {
  const lost = send(4, { outcome: { type: 'info', reason: 'timeout' } })
  expect(rulesBroken({ sends: [...history().sends, lost] })).toEqual([])
})

test('finds a message without a sender', () => {
  expect(rulesBroken({ sends: [send(1), send(2)] })).toEqual(['unexpected'])
})

test('finds a delivered message that is not in the log', () => {
  const tried = send(4, { outcome: { type: 'info', reason: 'timeout' } })
  const deliveries = withBobReceiving(...receivedBy("bob's phone", [1, 2, 3, 4]))
  expect(rulesBroken({ sends: [...history().sends, tried], deliveries })).toEqual(['unexpected'])
})

test('finds a message in the log whose send failed', () => {
  const sends = [send(1), send(2), send(3, { outcome: { type: 'fail', reason: 'FORBIDDEN' } })]
  expect(rulesBroken({ sends })).toEqual(['failed but present'])
})

test('finds one send at two positions, acknowledged or not', () => {
  const repeatedEvent = { ...logged(3, 'key 2'), seq: 3 }
  const deliveries = [...DEVICES.keys()].flatMap((device) => [
    ...receivedBy(device, [1, 2]),
    { ...repeatedEvent, device, subscription: 1 },
  ])
  const log = [logged(1), logged(2), repeatedEvent]
  expect(rulesBroken({ sends: [send(1), send(2)], deliveries, log })).toEqual(['repeated'])
  const sends = [send(1), send(2, { outcome: { type: 'info', reason: 'timeout' } })]
  expect(rulesBroken({ sends, deliveries, log })).toEqual(['repeated'])
})

test('finds one position with two contents', () => {
  const other = { ...logged(3), body: 'something else', device: "bob's phone", subscription: 1 }
  const sends = [...history().sends, send(3, { body: 'something else' })]
  const deliveries = withBobReceiving(...receivedBy("bob's phone", [1, 2]), other)
  expect(rulesBroken({ sends, deliveries })).toContain('two contents')
})

test('finds a gap in the log', () => {
  expect(rulesBroken({ log: [logged(1), logged(3)] })).toContain('gap in the log')
})

test('finds events out of order, and skipped events even if they arrive later', () => {
  const jumping = withBobReceiving(
    ...receivedBy("bob's phone", [1, 3]),
    ...receivedBy("bob's phone", [2, 3], 2),
  )
  expect(rulesBroken({ deliveries: jumping })).toEqual(['out of order'])
  const skippingAfterReturn = withBobReceiving(
    ...receivedBy("bob's phone", [1]),
    ...receivedBy("bob's phone", [3], 2),
    ...receivedBy("bob's phone", [2], 3),
  )
  expect(rulesBroken({ deliveries: skippingAfterReturn })).toEqual(['out of order'])
})

test('finds an event delivered twice within one subscription', () => {
  expect(rulesBroken({ deliveries: withBobReceiving(...receivedBy("bob's phone", [1, 2, 2, 3])) })).toEqual([
    'repeated in one subscription',
  ])
})

test('finds a send stored before a send that was acknowledged before it started', () => {
  const sends = [send(1), send(2, { startedAt: 20, endedAt: 21 }), send(3, { startedAt: 6, endedAt: 7 })]
  expect(rulesBroken({ sends })).toEqual(['overtaken'])
  const atOnce = [send(1), send(2, { startedAt: 5, endedAt: 21 }), send(3, { startedAt: 6, endedAt: 7 })]
  expect(rulesBroken({ sends: atOnce })).toEqual([])
})

test('finds events of a chat whose members do not include the device owner', () => {
  const devices = new Map([...DEVICES, ["carol's phone", 'carol']])
  const deliveries = [...history().deliveries, ...receivedBy("carol's phone", [1])]
  expect(rulesBroken({ devices, deliveries })).toEqual(['not a member'])
})

test('finds a device that received a reset', () => {
  expect(rulesBroken({ resets: ["bob's phone"] })).toEqual(['reset'])
})

test('finds watermarks that go back or stay on one subscription, of one member of one chat', () => {
  const receipt = (deliveredSeq: number, readSeq: number, more: Partial<Receipt> = {}): Receipt => {
    return {
      device: "bob's phone",
      subscription: 1,
      chatId: 'chat',
      userId: 'alice',
      deliveredSeq,
      readSeq,
      ...more,
    }
  }
  const forward = [receipt(1, 0), receipt(2, 0), receipt(2, 2)]
  const others = [{ subscription: 2 }, { chatId: 'other' }, { userId: 'bob' }, { device: "alice's phone" }]
  expect(rulesBroken({ receipts: [...forward, ...others.map((more) => receipt(1, 1, more))] })).toEqual([])
  expect(rulesBroken({ receipts: [receipt(2, 0), receipt(1, 0)] })).toEqual(['receipt went back'])
  expect(rulesBroken({ receipts: [receipt(2, 2), receipt(3, 1)] })).toEqual(['receipt went back'])
  expect(rulesBroken({ receipts: [receipt(2, 1), receipt(2, 1)] })).toEqual(['receipt without change'])
})

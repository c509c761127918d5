import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createEnvelopeCodec } from '../../../src/bus/envelope.ts'
import { chatEventTopic, resyncTopic, signalTopic } from '../../../src/gateway/topics.ts'
import { presenceEdgeTopic } from '../../../src/presence/presence-edges.ts'
import { anyEdge, anyEvent, anyReceipt, anyText } from '../../harness/fixtures/arbitraries.ts'
import { bob, receipt, sent } from '../../harness/fixtures/chat-events.ts'

const { encode, decode } = createEnvelopeCodec([chatEventTopic, signalTopic, presenceEdgeTopic, resyncTopic])

/** One message may hold payloads of several topics; gateways before topics sent such messages. */
const anyEnvelope = fc.record(
  {
    events: fc.array(anyEvent, { maxLength: 4 }),
    signals: fc.array(anyReceipt, { maxLength: 4 }),
    edges: fc.array(anyEdge, { maxLength: 4 }),
    isAlarm: fc.boolean(),
  },
  { requiredKeys: ['events', 'signals', 'isAlarm'] },
)
/** The wire has an older word for a grace period. */
const toText = (payloads: object): string =>
  JSON.stringify({ v: 1, ...payloads }).replaceAll('"isInGracePeriod":', '"isExcused":')

const [event, advanced] = [sent('tea', 1), receipt('tea', bob, 1)]
/** The JSON of a valid envelope. */
const valid = (): Record<string, unknown> =>
  JSON.parse(toText({ events: [event], signals: [advanced], isAlarm: false })) as Record<string, unknown>

test('decodes exactly the encoded messages, with milliseconds and all characters', () => {
  fc.assert(
    fc.property(anyEnvelope, (envelope) => {
      const decoded = decode(toText(envelope))
      expect(decoded).toMatchObject(envelope)
      expect(decode(encode(chatEventTopic, envelope.events))).toMatchObject({ events: envelope.events })
      expect(decode(encode(signalTopic, envelope.signals))).toMatchObject({ signals: envelope.signals })
      const edges = envelope.edges ?? []
      expect(decode(encode(presenceEdgeTopic, edges))).toMatchObject({ edges })
    }),
    { numRuns: 300 },
  )
})

test('has the fields of version 1 for every topic', () => {
  const edge = { userId: bob, online: true, lastSeenAt: null, asOf: 1 }
  const unknown = { userId: bob, online: null, lastSeenAt: null, asOf: 2 }
  const texts = [
    encode(chatEventTopic, [event]),
    encode(signalTopic, [advanced]),
    encode(presenceEdgeTopic, [edge, { ...unknown, isInGracePeriod: true }]),
    encode(resyncTopic, true),
  ]
  expect(texts).toEqual([
    JSON.stringify({ v: 1, events: [event], signals: [], isAlarm: false }),
    JSON.stringify({ v: 1, events: [], signals: [advanced], isAlarm: false }),
    JSON.stringify({
      v: 1,
      events: [],
      signals: [],
      edges: [edge, { ...unknown, isExcused: true }],
      isAlarm: false,
    }),
    JSON.stringify({ v: 1, events: [], signals: [], isAlarm: true }),
  ])
})

describe('garbage', () => {
  test('is dropped without an error, whatever text it is', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(decode(text)).toBeUndefined()
      }),
    )
  })

  test('that is JSON is dropped without an error', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(decode(text)).toBeUndefined()
      }),
    )
  })

  test('that was an envelope before it was cut short is dropped', () => {
    fc.assert(
      fc.property(anyEnvelope.map(toText), fc.nat(), (text, at) => {
        expect(decode(text.slice(0, at % text.length))).toBeUndefined()
      }),
    )
  })

  test.each<[string, object]>([
    ['comes from a gateway of another version', { v: 2 }],
    ['has no version', { v: undefined }],
    ['has no list of events', { events: undefined }],
    ['has a list of something else', { events: [null] }],
    ['has an event of an unknown type', { events: [{ ...event, type: 'ChatExploded' }] }],
    ['has an event without its message', { events: [{ ...event, message: undefined }] }],
    ['has a seq beyond the maximum', { events: [{ ...event, seq: 2 ** 31 }] }],
    ['has a negative seq', { events: [{ ...event, seq: -1 }] }],
    ['has a fractional seq', { signals: [{ ...advanced, readSeq: 1.5 }] }],
    ['has a time that is none', { events: [{ ...event, at: 'yesterday' }] }],
    ['has a day that does not exist', { signals: [{ ...advanced, at: '2026-02-30T00:00:00.000Z' }] }],
    [
      'has an edge to an unknown state without a reason',
      { edges: [{ userId: bob, online: null, lastSeenAt: null, asOf: 1 }] },
    ],
    ['has an edge without its time', { edges: [{ userId: bob, online: true, lastSeenAt: null }] }],
    ['has an empty user id', { signals: [{ ...advanced, userId: '' }] }],
  ])('that %s is dropped', (_, invalid) => {
    expect(decode(JSON.stringify({ ...valid(), ...invalid }))).toBeUndefined()
  })
})

test('fields that a newer gateway adds to the same version are ignored', () => {
  const envelope = { ...valid(), traceId: '1', events: [{ ...event, priority: 3 }] }
  expect(decode(JSON.stringify(envelope))).toMatchObject({ events: [event], signals: [advanced] })
})

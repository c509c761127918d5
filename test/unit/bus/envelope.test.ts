import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeEnvelope, encodeEnvelope, type Envelope } from '../../../src/bus/envelope.ts'
import { anyEdge, anyEvent, anyReceipt, anyText } from '../../harness/people/arbitraries.ts'
import { bob, receipt, sent } from '../../harness/people/events.ts'

const anyEnvelope: fc.Arbitrary<Envelope> = fc.record(
  {
    events: fc.array(anyEvent, { maxLength: 4 }),
    signals: fc.array(anyReceipt, { maxLength: 4 }),
    edges: fc.array(anyEdge, { maxLength: 4 }),
    isAlarm: fc.boolean(),
  },
  { requiredKeys: ['events', 'signals', 'isAlarm'] },
)

/** A good envelope's JSON, for spoiling. */
const good = (): Record<string, unknown> => {
  const envelope = { events: [sent('tea', 1)], signals: [receipt('tea', bob, 1)], isAlarm: false }
  return JSON.parse(encodeEnvelope(envelope)) as Record<string, unknown>
}
const [event, advanced] = [sent('tea', 1), receipt('tea', bob, 1)]

test('what arrives is what was sent, down to the milliseconds and every character', () => {
  fc.assert(
    fc.property(anyEnvelope, (envelope) => {
      expect(decodeEnvelope(encodeEnvelope(envelope))).toMatchObject(envelope)
    }),
    { numRuns: 300 },
  )
})

describe('garbage', () => {
  test('is not understood, whatever text it is, and does no harm', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(decodeEnvelope(text)).toBeUndefined()
      }),
    )
  })

  test('that is JSON is not understood, and does no harm', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(decodeEnvelope(text)).toBeUndefined()
      }),
    )
  })

  test('that was an envelope before it was cut short is not understood', () => {
    fc.assert(
      fc.property(anyEnvelope.map(encodeEnvelope), fc.nat(), (text, at) => {
        expect(decodeEnvelope(text.slice(0, at % text.length))).toBeUndefined()
      }),
    )
  })

  test.each<[string, object]>([
    ['comes from a gateway of another version', { v: 2 }],
    ['has no version', { v: undefined }],
    ['has no list of events', { events: undefined }],
    ['has a list of something else', { events: [null] }],
    ['has an event of an unknown type', { events: [{ ...event, type: 'ChatExploded' }] }],
    ['has an event that lacks its message', { events: [{ ...event, message: undefined }] }],
    ['has a seq beyond the last there can be', { events: [{ ...event, seq: 2 ** 31 }] }],
    ['has a negative seq', { events: [{ ...event, seq: -1 }] }],
    ['has a seq between two others', { signals: [{ ...advanced, readSeq: 1.5 }] }],
    ['has a moment that is none', { events: [{ ...event, at: 'yesterday' }] }],
    ['has a day that is none', { signals: [{ ...advanced, at: '2026-02-30T00:00:00.000Z' }] }],
    ['has an edge that leads nowhere', { edges: [{ userId: bob, online: null, lastSeenAt: null, asOf: 1 }] }],
    ['has an edge of no time', { edges: [{ userId: bob, online: true, lastSeenAt: null }] }],
    ['has nobody where somebody has to be', { signals: [{ ...advanced, userId: '' }] }],
  ])('that %s is not understood', (_, spoilt) => {
    expect(decodeEnvelope(JSON.stringify({ ...good(), ...spoilt }))).toBeUndefined()
  })
})

test('what a newer gateway adds to the same version is left aside', () => {
  const envelope = { ...good(), traceId: '1', events: [{ ...event, priority: 3 }] }
  expect(decodeEnvelope(JSON.stringify(envelope))).toMatchObject({ events: [event], signals: [advanced] })
})

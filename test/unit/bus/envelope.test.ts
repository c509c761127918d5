import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createEnvelopeCodec, MAX_ENVELOPE_LENGTH } from '../../../src/bus/envelope.ts'
import { readList, readObject } from '../../../src/bus/read-json.ts'
import type { Topic } from '../../../src/bus/topic.ts'
import { chatEventTopic, resyncTopic, signalTopic } from '../../../src/gateway/topics.ts'
import { presenceEdgeTopic } from '../../../src/presence/presence-edges.ts'
import { anyEdge, anyEvent, anyReceipt, anyText } from '../../harness/fixtures/arbitraries.ts'
import { bob, receipt, sent } from '../../harness/fixtures/chat-events.ts'
import { envelopeSchema } from '../../harness/fixtures/envelope-schema.ts'

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

describe('against the schema of the format', () => {
  const odd = fc.oneof(
    fc.constantFrom(
      null,
      true,
      false,
      0,
      -1,
      1.5,
      2 ** 31,
      '',
      'tea',
      [],
      {},
      [null],
      '2026-02-30T00:00:00.000Z',
    ),
    fc.json().map((text) => JSON.parse(text) as unknown),
  )

  /** The message with one value somewhere in it replaced, removed or added. */
  function broken(json: unknown, steps: readonly number[], value: unknown, verb: number): unknown {
    const [step = 0, ...rest] = steps
    if (typeof json !== 'object' || json === null) return value
    const keys = Object.keys(json)
    const key = keys[step % Math.max(1, keys.length)] ?? 'more'
    const child = (json as Record<string, unknown>)[key]
    const isEnd = rest.length === 0 || typeof child !== 'object' || child === null
    const copy: Record<string, unknown> | unknown[] = Array.isArray(json)
      ? [...(json as unknown[])]
      : { ...json }
    if (isEnd && verb === 0 && !Array.isArray(copy)) delete copy[key]
    else if (isEnd && verb === 1 && !Array.isArray(copy)) copy['more'] = value
    else Reflect.set(copy, key, isEnd ? value : broken(child, rest, value, verb))
    return copy
  }

  const anyBroken = fc
    .tuple(anyEnvelope.map(toText), fc.array(fc.nat(20), { minLength: 1, maxLength: 5 }), odd, fc.nat(2))
    .map(([text, steps, value, verb]) => JSON.stringify(broken(JSON.parse(text), steps, value, verb)))

  /** The schema accepts other spellings of a time too, which no gateway writes. */
  const rewritten = (text: string): unknown => {
    const { data } = envelopeSchema.safeParse(JSON.parse(text))
    return data === undefined ? undefined : decode(toText(data))
  }

  test('random envelopes are read as the schema reads them', () => {
    fc.assert(
      fc.property(anyEnvelope.map(toText), (text) => {
        expect(decode(text)).toEqual(envelopeSchema.parse(JSON.parse(text)))
      }),
      { numRuns: 300 },
    )
  })

  test('envelopes with something wrong somewhere are accepted and rejected as by the schema', () => {
    let rejected = 0
    fc.assert(
      fc.property(anyBroken, (text) => {
        const decoded = decode(text)
        const { data } = envelopeSchema.safeParse(JSON.parse(text))
        rejected += data === undefined ? 1 : 0
        if (decoded !== undefined) expect(decoded).toEqual(data)
        else expect(rewritten(text)).toEqual(data)
        if (data === undefined) expect(decoded).toBeUndefined()
      }),
      { numRuns: 3_000 },
    )
    expect(rejected).toBeGreaterThan(500)
  })
})

describe('a large envelope', () => {
  test('that is malformed is rejected at the first invalid value, not after all of them', () => {
    let reads = 0
    const topic: Topic<readonly unknown[]> = {
      field: 'items',
      read: (json) =>
        readList(json, (item) => {
          reads += 1
          return readObject(item)
        }),
      absent: undefined,
    }
    const text = JSON.stringify({ v: 1, items: Array.from({ length: 150_000 }, () => null) })
    expect(text.length).toBeGreaterThan(600_000)
    expect(createEnvelopeCodec([topic]).decode(text)).toBeUndefined()
    expect(reads).toBe(1)
  })

  test('is not read if it has another version', () => {
    const topic: Topic<unknown> = {
      field: 'items',
      read: () => {
        throw new Error('read')
      },
      absent: undefined,
    }
    expect(createEnvelopeCodec([topic]).decode('{"v":2,"items":[]}')).toBeUndefined()
  })

  test('beyond the limit is neither parsed nor sent', () => {
    const text = JSON.stringify({ ...valid(), padding: 'x'.repeat(MAX_ENVELOPE_LENGTH) })
    expect(decode(text)).toBeUndefined()
    const huge = sent('tea', 1)
    const body = 'x'.repeat(MAX_ENVELOPE_LENGTH)
    expect(() => encode(chatEventTopic, [{ ...huge, message: { ...huge.message, body } }])).toThrow(
      'too large',
    )
  })

  test('with the largest batch of the longest messages is sent', () => {
    const one = sent('tea', 1)
    const longest = { ...one, message: { ...one.message, body: '😀'.repeat(8_192) } }
    const batch = Array.from({ length: 256 }, () => longest)
    expect(decode(encode(chatEventTopic, batch))).toMatchObject({ isAlarm: false })
  })
})

import fc from 'fast-check'
import { parse, validate } from 'graphql'
import { expect, test } from 'vitest'
import type { LiveItem } from '../../../src/events/signal.ts'
import type { UserId } from '../../../src/ids.ts'
import { anyEvent } from '../../harness/fixtures/arbitraries.ts'
import { alice, bob, chatId, receipt, sent } from '../../harness/fixtures/chat-events.ts'
import { anyInboxDocument } from '../../harness/fixtures/random-documents.ts'
import { createTwoPaths, schema } from './two-paths.ts'

// One execution serves all subscribers of an event. These tests hold it against the execution for a single subscriber,
// byte by byte, for random documents over the whole schema.

const paths = createTwoPaths()

const anyChat = fc.constantFrom('tea', 'coffee', 'milk', 'water').map(chatId)
const anyUser = fc.constantFrom('alice', 'bob', 'carol', 'dave', 'erin').map((id) => id as UserId)

const anyItem: fc.Arbitrary<LiveItem> = fc.oneof(
  { weight: 4, arbitrary: anyEvent },
  fc.record({
    type: fc.constant('ReceiptAdvanced'),
    chatId: anyChat,
    userId: anyUser,
    deliveredSeq: fc.nat(100),
    readSeq: fc.nat(100),
    at: fc.constant(new Date('2026-11-23T09:00:00.000Z')),
  }),
  fc.record({
    type: fc.constant('TypingChanged'),
    chatId: anyChat,
    userId: anyUser,
    typing: fc.boolean(),
  }),
)

const anyDocument = anyInboxDocument(schema).filter(
  ({ query }) => validate(schema, parse(query)).length === 0,
)

test('a subscriber gets the same bytes for an item, whether it is resolved for all or for one', async () => {
  await fc.assert(
    fc.asyncProperty(anyDocument, anyItem, anyUser, anyUser, async (document, item, first, second) => {
      for (const viewerId of [first, second]) {
        const expected = await (await paths.ordinary(viewerId, document)).push(item)
        const actual = await (await paths.shared(viewerId, document)).push(item)
        expect(withoutErrorIds(actual)).toBe(withoutErrorIds(expected))
      }
    }),
    { numRuns: 400 },
  )
}, 120_000)

test('a result that differs between two viewers is never shared', async () => {
  let differing = 0
  await fc.assert(
    fc.asyncProperty(anyDocument, anyItem, async (document, item) => {
      const forAlice = await (await paths.ordinary(alice, document)).push(item)
      const forBob = await (await paths.ordinary(bob, document)).push(item)
      if (withoutErrorIds(forAlice) === withoutErrorIds(forBob)) return
      differing += 1
      expect([undefined, 'viewer-needed']).toContain(await paths.sharedOutcome(alice, document, item))
    }),
    { numRuns: 600 },
  )
  expect(differing).toBeGreaterThan(0)
}, 120_000)

test.for([
  'message { body chat { unreadCount } }',
  'message { body chat { viewerMember { readSeq } } }',
  'message { body sender { presence { online } } }',
  'message { body } chat { title }',
  'actor { name ...P }',
])('a selection with viewer-dependent fields is not shared: %s', async (fields) => {
  const query = `subscription { inbox { ... on MessageSent { ${fields} } } }
    fragment P on User { presence { online } }`
  expect(await paths.sharedOutcome(alice, { query, variables: {} }, sent('tea', 1))).toBeUndefined()
})

test('the message that a reply refers to is resolved for each viewer', async () => {
  const query = 'subscription { inbox { ... on MessageSent { message { replyTo { body } } } } }'
  const event = sent('tea', 2)
  const reply: LiveItem = { ...event, message: { ...event.message, replyToSeq: 1 } }
  expect(await paths.sharedOutcome(alice, { query, variables: {} }, reply)).toBe('viewer-needed')
  expect(String(await paths.sharedOutcome(alice, { query, variables: {} }, event))).toBe(
    '{"data":{"inbox":{"message":{"replyTo":null}}}}}',
  )
})

test('a directive whose variable differs leads to another payload', async () => {
  const query = `subscription S($deviceId: String, $isShort: Boolean!) { inbox(deviceId: $deviceId) {
    ... on ReceiptAdvanced { readSeq at @skip(if: $isShort) } } }`
  const item = receipt('tea', bob, 4, 3)
  const of = async (variables: Readonly<Record<string, unknown>>): Promise<string> =>
    String(await paths.sharedOutcome(alice, { query, variables }, item))
  expect(await of({ deviceId: 'phone', isShort: true })).toBe('{"data":{"inbox":{"readSeq":3}}}}')
  expect(await of({ deviceId: 'phone', isShort: false })).toContain('"at"')
})

test('an event that is too long for an answer becomes an error, whether it is resolved for all or for one', async () => {
  const aliases = Array.from({ length: 49 }, (_, index) => `a${index}: body`).join(' ')
  const query = `subscription { inbox { ... on MessageSent { message { ${aliases} } } } }`
  const event = sent('tea', 1)
  const long: LiveItem = { ...event, message: { ...event.message, body: 'x'.repeat(100_000) } }
  for (const path of ['ordinary', 'shared'] as const) {
    const pushed = async (item: LiveItem) => (await paths[path](alice, { query, variables: {} })).push(item)
    expect(await pushed(long)).toContain('longer than 4 MiB')
    expect(await pushed(event)).toContain('"a48"')
  }
})

/** An unexpected failure has an id of its own in each report. */
function withoutErrorIds(text: string): string {
  return text.replaceAll(/"errorId":"[^"]+"/g, '"errorId":""')
}

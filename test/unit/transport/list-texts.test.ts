import fc from 'fast-check'
import { type ExecutionResult, parse, validate } from 'graphql'
import { expect, test } from 'vitest'
import { ResultTexts } from '../../../src/api/list-texts/result-texts.ts'
import { globalId, type UserId } from '../../../src/ids.ts'
import { MAX_ANSWER_CHARS } from '../../../src/transport/pipeline/answer-size.ts'
import { alice, bob, chatId } from '../../harness/fixtures/chat-events.ts'
import { anyQueryDocument, type RandomDocument } from '../../harness/fixtures/random-documents.ts'
import { createTwoPaths, schema } from './two-paths.ts'

// The edges of pages are written as text. These tests compare the text with the result of graphql-js for the same
// operation, byte by byte, for random documents over the whole schema.

const paths = createTwoPaths()

const water = chatId('water')
const IDS = [
  ...['tea', 'coffee', 'milk', 'water'].map((name) => globalId.chat(chatId(name))),
  globalId.message({ chatId: water, seq: 2 }),
  globalId.member({ chatId: water, userId: bob }),
  globalId.user(bob),
  'no id',
]
const anyUser = fc.constantFrom('alice', 'bob', 'carol', 'dave', 'erin').map((id) => id as UserId)
const anyDocument = anyQueryDocument(schema, IDS).filter(
  ({ query }) => validate(schema, parse(query)).length === 0,
)

/** Executes the operation as a WebSocket does. Returns the JSON text of the result, and whether it has texts. */
async function executed(
  viewerId: UserId,
  document: RandomDocument,
  texts: ResultTexts | undefined,
): Promise<{ json: string; hasTexts: boolean }> {
  const result = await paths.execute(viewerId, document, texts)
  const written = texts?.stringify(result)
  return { json: written ?? ordinary(result), hasTexts: written !== undefined }
}

/** As graphql-ws writes a result. */
function ordinary({ errors, ...rest }: ExecutionResult): string {
  return JSON.stringify({ ...rest, ...(errors && { errors: errors.map((error) => error.toJSON()) }) })
}

async function bothFor(
  viewerId: UserId,
  document: RandomDocument,
): Promise<{ expected: string; actual: string; hasTexts: boolean }> {
  const { json: expected } = await executed(viewerId, document, undefined)
  const { json: actual, hasTexts } = await executed(viewerId, document, new ResultTexts(MAX_ANSWER_CHARS))
  return { expected: withoutErrorIds(expected), actual: withoutErrorIds(actual), hasTexts }
}

test('a page is the same bytes, whether graphql-js executes its edges or they are written as text', async () => {
  const count = { withTexts: 0, withErrors: 0, withNodes: 0 }
  await fc.assert(
    fc.asyncProperty(anyDocument, anyUser, async (document, viewerId) => {
      const { expected, actual, hasTexts } = await bothFor(viewerId, document)
      expect(actual).toBe(expected)
      if (hasTexts) count.withTexts += 1
      if (hasTexts && expected.includes('"errors"')) count.withErrors += 1
      if (hasTexts && expected.includes('"cursor":')) count.withNodes += 1
    }),
    { numRuns: 1_000 },
  )
  expect(Math.min(...Object.values(count))).toBeGreaterThan(0)
}, 120_000)

const PAGE = 'messages(last: 3) { pageInfo { hasNextPage } edges { cursor node { __typename'

test.for([
  [
    'all fields that are equal for all viewers',
    '',
    'id seq body sentAt editedAt status clientMessageId chat { id }',
  ],
  ['a sender', '', 'sender { id name avatarUrl data }'],
  ['data of any shape', '', 'type data'],
  [
    'values that are read later',
    '',
    'status reactions { emoji users { name } } attachments { fileName url }',
  ],
  ['a reply', '', 'replyTo { id sender { name } status replyTo { body } }'],
  [
    'arguments',
    '($edge: Int)',
    'attachments { big: thumbnailUrl(maxEdge: 1280) thumbnailUrl(maxEdge: $edge) }',
  ],
  [
    'conditions',
    '($yes: Boolean!, $no: Boolean!)',
    'id @skip(if: $yes) seq @include(if: $no) body @skip(if: false)',
  ],
  ['an object without fields', '($yes: Boolean!)', 'seq sender { id @skip(if: $yes) } body'],
  ['fragments and a field twice', '', '... on Message { body } ... on Node { id } ...F sender { name }'],
] as const)('is written as text: %s', async ([, variables, fields]) => {
  const query = `query Q${variables} { chat(id: "${globalId.chat(water)}") { ${PAGE} ${fields} } } } } }
    ${fields.includes('...F') ? 'fragment F on Message { sender { id } seq }' : ''}`
  const document = { query, variables: { edge: 320, yes: true, no: false } }
  const { expected, actual, hasTexts } = await bothFor(alice, document)
  expect(expected).not.toContain('"errors"')
  expect(expected).toContain('"cursor"')
  expect(actual).toBe(expected)
  expect(hasTexts).toBe(true)
})

test.for([
  ['a field that depends on the viewer', 'sender { presence { online } }'],
  ['a chat behind a message', 'chat { title }'],
] as const)('is left to graphql-js: %s', async ([, fields]) => {
  const query = `{ chat(id: "${globalId.chat(water)}") { ${PAGE} ${fields} } } } } }`
  const { expected, actual, hasTexts } = await bothFor(alice, { query, variables: {} })
  expect(actual).toBe(expected)
  expect(hasTexts).toBe(false)
})

test('the same document is written anew for other values of its variables', async () => {
  const query = `query Q($short: Boolean!) { chat(id: "${globalId.chat(water)}") { ${PAGE} body @skip(if: $short) } } } } }`
  const text = async (short: boolean): Promise<string> =>
    (await executed(alice, { query, variables: { short } }, new ResultTexts(MAX_ANSWER_CHARS))).json
  expect(await text(true)).not.toContain('"body"')
  expect(await text(false)).toContain('"body"')
})

test('an error in a page that is written later is the error of graphql-js', async () => {
  const query = `{ chat(id: "${globalId.chat(water)}") { ${PAGE} attachments { thumbnailUrl(maxEdge: 7) } } } } } }`
  const { expected, actual, hasTexts } = await bothFor(alice, { query, variables: {} })
  expect(expected).toContain('maxEdge must be 320 or 1280')
  expect(actual).toBe(expected)
  expect(hasTexts).toBe(false)
})

test.for(['1', '2', '3'])('texts have the size that the limit of answers counts: page %s', async (last) => {
  const fields =
    'id seq body type data status sender { id name } reactions { emoji users { id } } replyTo { seq }'
  const query = `{ chat(id: "${globalId.chat(water)}") { ${PAGE.replace('3', last)} ${fields} } } } } }`
  const texts = new ResultTexts(MAX_ANSWER_CHARS)
  const { json, hasTexts } = await executed(alice, { query, variables: {} }, texts)
  const { data } = JSON.parse(json) as { data: { chat: { messages: { edges: unknown } } } }
  expect(hasTexts).toBe(true)
  expect(MAX_ANSWER_CHARS - texts.charsLeft).toBe(charsOf(data.chat.messages.edges))
})

test('a page that is too long for a text is left to graphql-js, and so to the limit of answers', async () => {
  const query = `{ chat(id: "${globalId.chat(water)}") { ${PAGE} body } } } } }`
  const { hasTexts, json } = await executed(alice, { query, variables: {} }, new ResultTexts(50))
  expect(hasTexts).toBe(false)
  expect(json).toBe((await executed(alice, { query, variables: {} }, undefined)).json)
})

/** The names, the strings, and 1 for any other value. */
function charsOf(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 1
  return Object.entries(value).reduce((sum, [key, inner]) => sum + key.length + charsOf(inner), 0)
}

/** An unexpected failure has an id of its own in each report. */
function withoutErrorIds(text: string): string {
  return text.replaceAll(/"errorId":"[^"]+"/g, '"errorId":""')
}

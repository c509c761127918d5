import { buildSchema, parse, print, validate } from 'graphql'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { PROJECTION } from '../src/engine/projection.ts'
import { reduceTo } from '../src/engine/reduce.ts'
import { type GraphObject, readOperation, select } from '../src/engine/select.ts'
import { withIds } from '../src/engine/with-ids.ts'

const schema = buildSchema(readFileSync(new URL('../../../schema.graphql', import.meta.url), 'utf8'))

function selectFrom(text: string, root: GraphObject, variables = {}): object | undefined {
  return select(readOperation(parse(text), variables), root, (object, field) => object[field])
}

const MESSAGE = { __typename: 'Message', id: 'm1', body: 'Hello', seq: 1 }
const ROOT = { __typename: 'Query', node: MESSAGE, list: [MESSAGE, null] }

test('selects aliases, fragments and lists', () => {
  const text = `query { __typename it: node { ...F ... on Node { seq } ... on Chat { title } } list { body } }
    fragment F on Message { text: body }`
  expect(selectFrom(text, ROOT)).toEqual({
    __typename: 'Query',
    it: { id: 'm1', text: 'Hello', seq: 1 },
    list: [{ id: 'm1', body: 'Hello' }, null],
  })
})

test('obeys @skip and @include, with default values of variables', () => {
  const text = `query Q($a: Boolean = true, $b: Boolean!) { node { body @skip(if: $a) seq @include(if: $b) } }`
  expect(selectFrom(text, ROOT, { b: true })).toEqual({ node: { id: 'm1', seq: 1 } })
  expect(selectFrom(text, ROOT, { a: false, b: false })).toEqual({ node: { id: 'm1', body: 'Hello' } })
})

test('joins selections of the same field', () => {
  expect(selectFrom('{ node { body } ... { node { seq } } }', ROOT)).toEqual({
    node: { id: 'm1', body: 'Hello', seq: 1 },
  })
})

test('returns nothing if a selected field is not known', () => {
  expect(selectFrom('{ node { body sentAt } }', ROOT)).toBeUndefined()
})

test('adds ids to the selections of entities only', () => {
  const document = parse(`query { chats { edges { node { title lastMessage { ...M } } } } }
    fragment M on Message { body sender { id name } reactions { emoji } }`)
  const expected = parse(`query { chats { edges { node { title lastMessage { ...M id } id } } } }
    fragment M on Message { body sender { id name } reactions { emoji } id }`)
  expect(print(withIds(document))).toBe(print(expected))
})

test('writes caches by a document that the schema accepts', () => {
  expect(validate(schema, parse(PROJECTION))).toEqual([])
})

const EVENTS = parse(`subscription ($id: ID!, $all: Boolean!) { ...S }
  fragment S on Subscription { event: chatEvents(chatId: $id) { __typename ...E
    ... on CaughtUp { at } ... on MessageSent @include(if: $all) { message { ...M } } } }
  fragment E on ChatEvent { seq ... on MemberAdded { user { name } } }
  fragment M on Message { body replyTo { ...R } }
  fragment R on Message { id }`)

test.for<[result: object, selected: string]>([
  [{ __typename: 'CaughtUp', at: 'now' }, '... on CaughtUp { at }'],
  [
    { __typename: 'MemberAdded', seq: 1, user: { __typename: 'User', name: 'Bob' } },
    '... on ChatEvent { seq ... on MemberAdded { user { name } } }',
  ],
  [
    { __typename: 'MessageSent', seq: 1, message: { __typename: 'Message', body: 'Hello', replyTo: null } },
    `... on ChatEvent { seq }
     ... on MessageSent @include(if: $all) { message { ... on Message { body replyTo { ...R } } } }`,
  ],
])('reduces a document to the types of the result %o', ([event, selected]) => {
  const [operation] = reduceTo(EVENTS, { event }).definitions
  const expected = parse(`subscription ($id: ID!, $all: Boolean!) { ... on Subscription {
    event: chatEvents(chatId: $id) { __typename ${selected} } } }`)
  expect(operation && print(operation)).toBe(print(expected))
})

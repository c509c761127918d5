import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createContextFactory } from '../../../src/api/context-factory.ts'
import type { Services } from '../../../src/api/services.ts'
import type { Person } from '../../harness/people/person.ts'
import { startParley, type TestParley, UNLIMITED } from '../../harness/servers/parley.ts'

let parley: TestParley
let alice: Person
let chatId: string
beforeAll(async () => {
  parley = await startParley({ config: UNLIMITED })
  alice = await parley.person('alice')
  chatId = await alice.createGroup([])
  const body = 'x'.repeat(8_192)
  await Promise.all(Array.from({ length: 100 }, () => alice.trySend(chatId, body, randomUUID())))
})
afterAll(() => parley[Symbol.asyncDispose]())

/** The error of the query over HTTP, which must be the same over the WebSocket. */
async function errorOf(query: string, variables: Record<string, unknown> = {}): Promise<unknown> {
  const [http, socket] = [
    await alice.post(query, variables),
    await alice.requestOverSocket(query, variables),
  ].map(({ errors }) => errors?.map(({ message, extensions }) => [extensions.code, message]))
  expect(socket).toEqual(http)
  return http
}

const page = (list: string, fields: string): string => `${list} { edges { node { ${fields} } } }`

const LISTS_WITHIN_LISTS = page(
  'messages',
  `chat { ${page('messages', `chat { ${page('messages', 'id body')} }`)} }`,
)

test('lists within lists are rejected before anything is read', async () => {
  expect(await errorOf(`{ ${page('chats', LISTS_WITHIN_LISTS)} }`)).toEqual([
    ['BAD_USER_INPUT', expect.stringContaining('fields; at most 150,000 are allowed')],
  ])
})

test('the root fields of an operation count together', async () => {
  const list = page('messages(last: 100)', 'id body sentAt status sender { id name }')
  const chats = (count: number): string =>
    Array.from({ length: count }, (_, index) => `c${index}: ${page('chats(first: 30)', list)}`).join(' ')
  expect(await errorOf(`{ ${chats(5)} }`)).toBe(undefined)
  expect(await errorOf(`{ ${chats(10)} }`)).toEqual([
    ['BAD_USER_INPUT', expect.stringContaining('at most 150,000 are allowed')],
  ])
})

const BODIES = Array.from({ length: 49 }, (_, index) => `b${index}: body`).join(' ')

test('an answer that repeats long texts under aliases is replaced by an error', async () => {
  const query = (count: number): string =>
    `query ($id: ID!) { chat(id: $id) { ${page(`messages(last: ${count})`, BODIES)} } }`
  expect(await errorOf(query(2), { id: chatId })).toBe(undefined)
  expect(await errorOf(query(100), { id: chatId })).toEqual([
    ['BAD_USER_INPUT', expect.stringContaining('The answer is longer than 4 MiB')],
  ])
})

test.each([
  ['rejected for their fields', () => `{ ${page('chats', LISTS_WITHIN_LISTS)} }`, 'BAD_USER_INPUT', 50],
  [
    'rejected for their length',
    () => `{ chat(id: "${chatId}") { ${page('messages(last: 100)', BODIES)} } }`,
    'BAD_USER_INPUT',
    16,
  ],
  [
    'long',
    () => `{ chat(id: "${chatId}") { ${page('messages(last: 100)', 'a: body b: body c: body')} } }`,
    'ok',
    28,
  ],
])('queries whose answers are %s use up the quota of their viewer', async (_, queryOf, code, most) => {
  await using limited = await startParley({ databaseUrl: parley.databaseUrl })
  const sender = await limited.person('alice')
  const codes: string[] = []
  while (codes.at(-1) !== 'RATE_LIMITED' && codes.length < 2 * most) {
    const { errors } = await sender.post(queryOf())
    codes.push(errors?.[0]?.extensions.code ?? 'ok')
  }
  expect(codes.at(-1)).toBe('RATE_LIMITED')
  expect(new Set(codes.slice(0, -1))).toEqual(new Set([code]))
})

test('pages whose turn comes after the deadline are not read', async () => {
  const { deadline, pages } = createContextFactory({} as Services, { now: Date.now })({
    session: undefined,
    disconnectSlowReader: undefined,
  })
  const range = { after: undefined, before: undefined, limit: 1, inverted: false }
  expect(await pages(async () => [1], range)).toEqual([1])
  deadline.at = performance.now()
  await expect(pages(async () => [2], range)).rejects.toThrow('There was no answer in time')
})

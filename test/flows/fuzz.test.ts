import fc from 'fast-check'
import { buildClientSchema, getIntrospectionQuery, type IntrospectionQuery } from 'graphql'
import WebSocket from 'ws'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { issueToken } from '../../src/auth/issue-token.ts'
import type { ApiError, Person } from '../harness/people/person.ts'
import { anyText } from '../harness/fixtures/arbitraries.ts'
import { anyOperation, type RandomOperation } from '../harness/fixtures/random-operations.ts'
import { startParley, TEST_SECRET, type TestParley, UNLIMITED } from '../harness/servers/parley.ts'

/*
 * Whatever a client sends, the answer is data or a definite error, and the gateway serves the next request. An error
 * with the code INTERNAL is a bug. `npm run fuzz -- --minutes 10` runs these tests for longer, with other seeds.
 */

const MINUTES = Number(process.env['FUZZ_MINUTES'] ?? 0)
const RUNS =
  MINUTES > 0
    ? { numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: (MINUTES * 60_000) / 4 }
    : { numRuns: 150, interruptAfterTimeLimit: 8_000 }
const TIMEOUT_MS = 60_000 + MINUTES * 60_000

let parley: TestParley
let alice: Person
let known: readonly string[]
let operations: Readonly<Record<'query' | 'mutation', fc.Arbitrary<RandomOperation>>>
let token: string

beforeAll(async () => {
  parley = await startParley({ config: UNLIMITED })
  alice = await parley.person('alice')
  const bob = await parley.person('bob')
  token = await issueToken(TEST_SECRET, { subject: 'alice' })
  const [direct, group] = [await alice.startChat(bob), await alice.createGroup([bob])]
  const messages = [await alice.send(direct, 'hello'), await bob.send(group, 'hi')]
  const members = [`member_${group.replace('chat_', '')}_bob`]
  known = [alice.id, bob.id, direct, group, ...members, ...messages.map(({ id }) => id)]
  const schema = buildClientSchema(await alice.run<IntrospectionQuery>(getIntrospectionQuery()))
  operations = {
    query: anyOperation(schema, 'query', known),
    mutation: anyOperation(schema, 'mutation', known),
  }
})

afterAll(async () => parley[Symbol.asyncDispose]())

/** Sends any bytes as the body of a request. */
async function post(body: string | Uint8Array<ArrayBuffer>): Promise<Response> {
  return fetch(parley.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      authorization: `Bearer ${token}`,
    },
    body,
  })
}

async function expectDefinite(response: Response): Promise<void> {
  const { status } = response
  const text = await response.text()
  const { errors = [] } = JSON.parse(text) as { errors?: readonly ApiError[] }
  expect(errors.map(({ extensions }) => extensions.code)).not.toContain('INTERNAL')
  expect(status, text).toBeLessThan(500)
}

async function expectAlive(): Promise<void> {
  expect(await alice.run('{ viewer { id } }')).toEqual({ viewer: { id: alice.id } })
}

test.each(['query', 'mutation'] as const)(
  'answers any %s with data or a definite error',
  async (root) => {
    const property = fc.asyncProperty(operations[root], async (operation) =>
      expectDefinite(await post(JSON.stringify(operation))),
    )
    await fc.assert(property, RUNS)
    await expectAlive()
  },
  TIMEOUT_MS,
)

test(
  'answers any body with data or a definite error',
  async () => {
    const valid = JSON.stringify({ query: '{ chats(first: 1) { edges { cursor } } }', variables: {} })
    const damaged = fc
      .tuple(fc.nat(valid.length), anyText)
      .map(([at, text]) => valid.slice(0, at) + text + valid.slice(at))
    const parts = fc.record(
      { query: fc.oneof(anyText, fc.jsonValue()), variables: fc.jsonValue(), extensions: fc.jsonValue() },
      { requiredKeys: [] },
    )
    const body = fc.oneof(
      fc.json(),
      damaged,
      parts.map((value) => JSON.stringify(value)),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => new Uint8Array(bytes)),
    )
    await fc.assert(
      fc.asyncProperty(body, async (sent) => expectDefinite(await post(sent))),
      RUNS,
    )
    await expectAlive()
  },
  TIMEOUT_MS,
)

test(
  'answers any frames on a WebSocket, or closes it, and serves other connections',
  async () => {
    const type = fc.constantFrom(
      'connection_init',
      'subscribe',
      'complete',
      'ping',
      'pong',
      'next',
      'error',
      'x',
    )
    const id = fc.oneof(fc.constantFrom('1', '2', ''), anyText)
    const payload = fc.oneof(
      operations.query,
      operations.mutation,
      fc.constant({ query: 'subscription { inbox(deviceId: "fuzz") { __typename } }' }),
      fc.jsonValue(),
    )
    const message = fc
      .record({ type, id, payload }, { requiredKeys: [] })
      .map((value) => JSON.stringify(value))
    const binary = fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes))
    const frames = fc.array(fc.oneof({ weight: 5, arbitrary: message }, fc.json(), anyText, binary), {
      maxLength: 8,
    })
    await fc.assert(
      fc.asyncProperty(frames, async (sent) => {
        const received = await answersTo(sent)
        expect(received.filter((text) => text.includes('"INTERNAL"'))).toEqual([])
        expect(received.filter((text) => text === 'closed with 1011' || text === 'closed with 4500')).toEqual(
          [],
        )
      }),
      RUNS,
    )
    await expectAlive()
  },
  TIMEOUT_MS,
)

/** Signs in, sends the frames and then a ping. Returns what came until the pong or the close, and the close code. */
async function answersTo(frames: readonly (string | Buffer)[]): Promise<readonly string[]> {
  const socket = new WebSocket(parley.url.replace('http', 'ws'), 'graphql-transport-ws')
  const received: string[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  socket.on('error', () => socket.terminate())
  socket.on('close', (code) => {
    received.push(`closed with ${code}`)
    resolve()
  })
  socket.on('message', (data: Buffer) => {
    const text = data.toString()
    received.push(text)
    if (text.includes('"connection_ack"') && received.length === 1)
      for (const frame of frames) socket.send(frame)
    if (text.includes('"connection_ack"') && received.length === 1)
      socket.send(JSON.stringify({ type: 'ping', payload: { isLast: true } }))
    if (text.includes('"pong"') && text.includes('isLast')) resolve()
  })
  socket.on('open', () =>
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } })),
  )
  await promise
  socket.terminate()
  return received
}

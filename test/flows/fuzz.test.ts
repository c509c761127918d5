import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { buildClientSchema, getIntrospectionQuery, type IntrospectionQuery } from 'graphql'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { issueToken } from '../../src/auth/issue-token.ts'
import type { ApiError, Person } from '../harness/people/person.ts'
import { answersTo } from '../harness/network/answered-frames.ts'
import { anyText } from '../harness/fixtures/arbitraries.ts'
import { anyOperation, type RandomOperation } from '../harness/fixtures/random-operations.ts'
import { startParley, TEST_SECRET, type TestParley, UNLIMITED } from '../harness/servers/parley.ts'

/*
 * Whatever a client sends, the answer is data or a definite error, and the gateway serves the next request. An error
 * with the code INTERNAL is a bug. `npm run fuzz -- --minutes 10` runs these tests for longer, with other seeds.
 */

const MINUTES = Number(process.env['FUZZ_MINUTES'] ?? 0)
/** The inputs of each test: so many, or as many as fit into the time. */
const RUNS = MINUTES > 0 ? Infinity : 150
const LIMIT_MS = MINUTES > 0 ? (MINUTES * 60_000) / 4 : 8_000
const RUNS_AT_A_TIME = 25
/** The gateway promises an answer within ten seconds. */
const ANSWER_WITHIN_MS = 12_000
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
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  })
}

async function expectDefinite(response: Response): Promise<void> {
  const { status } = response
  const text = await response.text()
  const { errors = [] } = JSON.parse(text) as { errors?: readonly ApiError[] }
  expect(errors.map(({ extensions }) => extensions.code)).not.toContain('INTERNAL')
  expect(status, text).toBeLessThan(500)
}

/**
 * Tries inputs, and looks at the time only in between. fast-check's own limit of time would end the run in the middle
 * of an input, and so hide one that is never answered.
 */
async function check<Input>(
  inputs: fc.Arbitrary<Input>,
  answer: (input: Input) => Promise<void>,
): Promise<void> {
  const endAt = performance.now() + LIMIT_MS
  for (let runs = 0; runs < RUNS && performance.now() < endAt; runs += RUNS_AT_A_TIME) {
    await fc.assert(fc.asyncProperty(inputs, answer), { numRuns: RUNS_AT_A_TIME })
  }
}

async function expectAlive(): Promise<void> {
  expect(await alice.run('{ viewer { id } }')).toEqual({ viewer: { id: alice.id } })
}

test.each(['query', 'mutation'] as const)(
  'answers any %s with data or a definite error',
  async (root) => {
    await check(operations[root], async (operation) => expectDefinite(await post(JSON.stringify(operation))))
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
    await check(body, async (sent) => expectDefinite(await post(sent)))
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
    await check(frames, async (sent) => {
      const received = await answersTo(sent, { url: parley.url, token, deadlineMs: ANSWER_WITHIN_MS })
      const isFault = (text: string): boolean =>
        text.includes('"INTERNAL"') || text === 'closed with 1011' || text === 'closed with 4500'
      expect(received.filter(isFault)).toEqual([])
    })
    await expectAlive()
  },
  TIMEOUT_MS,
)

test('an operation without an answer fails the test and is named', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  server.on('connection', (socket) => {
    socket.on('message', (data: Buffer) => {
      const { type, id } = JSON.parse(data.toString()) as { type: string; id?: string }
      if (type === 'connection_init') socket.send('{"type":"connection_ack"}')
      if (type === 'subscribe' && id !== 'silent') socket.send(JSON.stringify({ type: 'next', id }))
    })
  })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const options = { url: `http://127.0.0.1:${port}`, token, deadlineMs: 100 }
  const subscribe = JSON.stringify({
    type: 'subscribe',
    id: 'silent',
    payload: { query: '{ viewer { id } }' },
  })
  await expect(answersTo([subscribe], options)).rejects.toThrow('No answer to "silent" within 100 ms')
  const complete = JSON.stringify({ type: 'complete', id: 'silent' })
  expect(await answersTo([subscribe, complete], options)).toHaveLength(2)
  server.close()
})

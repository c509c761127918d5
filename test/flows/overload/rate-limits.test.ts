import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { QUOTAS } from '../../../src/quotas/quotas.ts'
import { pause } from '../../../src/lib/async.ts'
import { SEND_MESSAGE } from '../../harness/people/documents.ts'
import { startParley, type TestParley } from '../../harness/servers/parley.ts'
import type { ApiResponse, Person } from '../../harness/people/person.ts'

type Ask = (query: string, variables?: Record<string, unknown>) => Promise<ApiResponse<unknown>>

let parley: TestParley
beforeAll(async () => {
  parley = await startParley()
})
afterAll(() => parley[Symbol.asyncDispose]())

const TRANSPORTS = [
  ['HTTP', (person: Person): Ask => person.post.bind(person)],
  ['the WebSocket', (person: Person): Ask => person.requestOverSocket.bind(person)],
] as const

const codes = (responses: readonly ApiResponse<unknown>[]): Set<string | undefined> =>
  new Set(responses.map(({ errors }) => errors?.[0]?.extensions.code))

test.for(TRANSPORTS)(
  'over %s, a flood of sends is RATE_LIMITED, a retry after the given time succeeds, and all else works',
  async ([name, by]) => {
    const [flooder, friend] = [
      await parley.person(`flooder-${randomUUID()}`),
      await parley.person(`friend-${randomUUID()}`),
    ]
    const chat = await flooder.startChat(friend)
    const send = (body: string): Promise<ApiResponse<unknown>> =>
      by(flooder)(SEND_MESSAGE, { input: { chatId: chat, clientMessageId: randomUUID(), body } })
    const responses: ApiResponse<unknown>[] = []
    while (!codes(responses).has('RATE_LIMITED')) {
      const batch = Array.from({ length: 50 }, (_, index) => send(`${name} ${index}`))
      responses.push(...(await Promise.all(batch)))
    }
    // Among fifty at once, another send may take the quota that a rejected one waits for. So the last is sent alone.
    let last = await send(`${name} alone`)
    for (; last.errors === undefined; last = await send(`${name} alone`)) responses.push(last)
    const sent = responses.filter(({ errors }) => errors === undefined)
    expect(sent.length).toBeGreaterThanOrEqual(QUOTAS.send.burst)
    expect(codes(responses)).toEqual(new Set([undefined, 'RATE_LIMITED']))

    const refusal = last.errors[0]?.extensions
    expect(refusal).toMatchObject({ retryable: true, retryAfterMs: expect.any(Number) as number })
    await pause(refusal?.retryAfterMs ?? 0)
    expect((await send('after the pause')).errors).toBeUndefined()
    expect((await by(flooder)('{ viewer { id } }')).errors).toBeUndefined()
    expect((await friend.send(chat, 'I may')).seq).toBe(sent.length + 2)
  },
)

test.for(TRANSPORTS)(
  'over %s, queries cost by what they request, and a user who requests very much is RATE_LIMITED soon',
  async ([, by]) => {
    const greedy = await parley.person(`greedy-${randomUUID()}`)
    const chats = `chats(first: 50) { edges { node { messages(last: 100) { edges { node {
      id seq body sender { id name } replyTo { id seq body } reactions { emoji } } } } } } }`
    const responses: ApiResponse<unknown>[] = []
    for (let count = 0; count < 200 && !codes(responses).has('RATE_LIMITED'); count += 1) {
      responses.push(await by(greedy)(`{ ${chats} }`))
    }
    expect(codes(responses)).toEqual(new Set([undefined, 'RATE_LIMITED']))
    expect(responses.length).toBeGreaterThan(4)
    const friend = await parley.person(`friend-${randomUUID()}`)
    expect(
      (await by(greedy)(`mutation { startDirectChat(input: { userId: "${friend.id}" }) { chat { kind } } }`))
        .data,
    ).toEqual({ startDirectChat: { chat: { kind: 'DIRECT' } } })
  },
)

test('twenty root fields in one document cost as much as twenty requests', async () => {
  const [eager, friend] = [await parley.person('eager'), await parley.person('eagers-friend')]
  const one = (index: number): string =>
    `c${index}: startDirectChat(input: { userId: "${friend.id}" }) { chat { id } }`
  const document = `mutation { ${Array.from({ length: 20 }, (_, index) => one(index)).join(' ')} }`
  const responses: ApiResponse<unknown>[] = []
  for (let count = 0; count < 15; count += 1) responses.push(await eager.post(document))
  const [first] = responses
  expect(first?.errors).toBeUndefined()
  expect(codes(responses)).toContain('RATE_LIMITED')
})

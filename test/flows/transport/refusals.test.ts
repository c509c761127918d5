import { expect, test, vi } from 'vitest'
import { createRefusalBudget } from '../../../src/quotas/refusal-budget.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { type Answer, post } from './http-client.ts'

const LIMITED = { code: 'RATE_LIMITED', retryable: true, retryAfterMs: expect.any(Number) as number }

/** Every document that is not known is RATE_LIMITED. */
const documentBudget = { waitMs: () => 1_000, charge: () => undefined }

/** Sends rejected operations until one is not read. Returns its answer, and how many were read before. */
async function sendUntilUnread(
  send: () => Promise<Answer>,
): Promise<Readonly<{ answer: Answer; read: number }>> {
  for (let read = 0; read < 200; read++) {
    const answer = await send()
    if (!isRead(answer)) return { answer, read }
  }
  throw new Error('All of the operations were read.')
}

const isRead = ({ body }: Answer): boolean =>
  body.errors?.[0]?.message.includes('different documents') === true

function sender(gateway: Gateway, headers: Readonly<Record<string, string>>): () => Promise<Answer> {
  return () => post(gateway.url, '{ whoami }', { headers: { ...headers } })
}

test('does not read the operations of a sender who ignores retryAfterMs, until they pause', async () => {
  const time = { now: 0 }
  const refusals = createRefusalBudget(() => time.now)
  await using gateway = await startGateway({ documentBudget, refusals, trustedProxies: ['127.0.0.1'] })
  const alice = { authorization: `Bearer ${await gateway.token('alice')}` }
  const send = sender(gateway, alice)
  const { answer, read } = await sendUntilUnread(send)
  expect(read).toBe(50)
  expect(answer.status).toBe(429)
  expect(answer.headers.get('retry-after')).toBe('1')
  expect(answer.body.errors?.[0]?.extensions).toEqual(LIMITED)
  const others = [
    { authorization: `Bearer ${await gateway.token('bob')}` },
    { ...alice, 'x-forwarded-for': '198.51.100.7' },
    {},
  ]
  for (const headers of others) expect(isRead(await sender(gateway, headers)())).toBe(true)
  time.now += 1_001
  expect(isRead(await send())).toBe(true)
})

test.for([
  ['one address', () => '198.51.100.7'],
  ['one IPv6 network', (count: number) => `2001:db8:1:2::${(count + 1).toString(16)}`],
] as const)('counts the refusals of invented tokens to %s, and not to its users', async ([, addressOf]) => {
  const time = { now: 0 }
  const refusals = createRefusalBudget(() => time.now)
  await using gateway = await startGateway({ documentBudget, refusals, trustedProxies: ['127.0.0.1'] })
  const from = (count: number, authorization: string): (() => Promise<Answer>) =>
    sender(gateway, { authorization, 'x-forwarded-for': addressOf(count) })
  let count = 0
  const { read } = await sendUntilUnread(() => from(count++, `Bearer invented-${count}`)())
  expect(read).toBe(50)
  const alice = from(count, `Bearer ${await gateway.token('alice')}`)
  expect(isRead(await alice())).toBe(true)
  expect(isRead(await from(count, 'Bearer another')())).toBe(false)
  time.now += 1_001
  expect(isRead(await from(count, 'Bearer another')())).toBe(true)
})

test('delays the refusals of a sender who is not read, while others are answered', async () => {
  const debtors = new Set<string>()
  const refusals = {
    waitMs: (key: string) => (debtors.has(key) ? 1_000 : 0),
    charge: () => undefined,
  }
  await using gateway = await startGateway({ documentBudget, refusals })
  const token = await gateway.token('alice')
  const alice = sender(gateway, { authorization: `Bearer ${token}` })
  const bob = sender(gateway, { authorization: `Bearer ${await gateway.token('bob')}` })
  expect(isRead(await alice())).toBe(true)
  debtors.add(`address 127.0.0.1 ${token}`)
  let answered = 0
  const delayed = Array.from({ length: 10 }, async () => {
    const { status } = await alice()
    answered += 1
    return status
  })
  for (let count = 0; count < 10; count++) expect(isRead(await bob())).toBe(true)
  expect(answered).toBe(0)
  expect(new Set(await Promise.all(delayed))).toEqual(new Set([429]))
})

test('reads all operations of a sender who is not rejected', async () => {
  await using gateway = await startGateway()
  for (let count = 0; count < 100; count++) expect((await post(gateway.url, '{ whoami }')).status).toBe(200)
})

test('lets requests without a token wait while their address is in debt, and no requests of users', async () => {
  const debt = { waitMs: 0, chargedMs: 0 }
  const pace = {
    waitMs: () => debt.waitMs,
    charge: (_: string, tookMs: number) => void (debt.chargedMs += tookMs),
  }
  await using gateway = await startGateway({ pace })
  const ask = sender(gateway, {})
  const answer = await ask()
  await vi.waitFor(() => expect(debt.chargedMs).toBe(0.5))
  debt.waitMs = 10
  let isAnswered = false
  const waiting = ask().finally(() => (isAnswered = true))
  const alice = sender(gateway, { authorization: `Bearer ${await gateway.token('alice')}` })
  for (let count = 0; count < 3; count++) expect((await alice()).status).toBe(200)
  expect(isAnswered).toBe(false)
  debt.waitMs = 0
  expect((await waiting).body).toEqual(answer.body)
  await vi.waitFor(() => expect(debt.chargedMs).toBe(1))
})

import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { createDocumentBudget } from '../../../src/quotas/document-budget.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { type Answer, post } from './http-client.ts'
import { RawSocket } from './raw-socket.ts'

const MOST_ATTEMPTS = 3_000
/** A budget that does not refill, so that the test does not depend on the speed of the machine. */
const budget = () => createDocumentBudget(() => 0)

/** A document that takes long to validate and is wrong. No two have the same text. */
function costlyDocument(n: number): string {
  const fields = Array.from({ length: 400 }, (_, index) => `x${n}y${index}`).join(' ')
  return `{ nested { ${fields} } }`
}

/** Sends costly documents until one is not parsed any more. Returns its answer. */
async function useUp(send: (query: string) => Promise<Answer>): Promise<Answer> {
  for (let n = 0; n < MOST_ATTEMPTS; n += 1) {
    const answer = await send(costlyDocument(n))
    if (answer.status !== 400) return answer
  }
  throw new Error('The budget has no end')
}

/** Sends from an address, by way of a proxy that the gateway trusts. */
function from(gateway: Gateway, address: string): (query: string) => Promise<Answer> {
  return (query) => post(gateway.url, query, { headers: { 'x-forwarded-for': address } })
}

const LIMITED = { code: 'RATE_LIMITED', retryable: true, retryAfterMs: expect.any(Number) as number }

test('over HTTP, documents that are parsed in vain use up the budget of their address', async () => {
  await using gateway = await startGateway({ trustedProxies: ['127.0.0.1'], documentBudget: budget() })
  const [attacker, other] = [from(gateway, '198.51.100.7'), from(gateway, '198.51.100.8')]
  const known = await attacker('{ whoami }')
  expect(known.status).toBe(200)
  const answer = await useUp(attacker)
  expect(answer.status).toBe(429)
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(answer.body.errors?.[0]?.extensions).toEqual(LIMITED)
  expect((await attacker('{ whoami }')).status).toBe(200)
  expect((await attacker('{ again: whoami }')).status).toBe(429)
  expect((await other('{ other: whoami }')).status).toBe(200)
})

test('documents that arrive together leave turns of the event loop to others', async () => {
  let turns = 0
  let isOver = false
  const countTurns = (): void => {
    turns += 1
    if (!isOver) setImmediate(countTurns)
  }
  const charges: number[] = []
  const documentBudget = { waitMs: () => 0, charge: () => void charges.push(turns) }
  await using gateway = await startGateway({ documentBudget })
  const { hostname, port } = new URL(gateway.url)
  const sockets = Array.from({ length: 10 }, () => connect(Number(port), hostname))
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  // The first request warms up what the others share.
  await post(gateway.url, costlyDocument(0))
  charges.length = 0
  countTurns()
  for (const [n, socket] of sockets.entries()) {
    const body = JSON.stringify({ query: costlyDocument(n + 1) })
    const head = `POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`
    socket.write(`${head}\r\n\r\n${body}`)
  }
  await Promise.all(sockets.map((socket) => once(socket, 'data')))
  isOver = true
  for (const socket of sockets) socket.destroy()
  // Each document is charged twice, for parsing and for validation, in the same turn.
  expect(charges).toHaveLength(20)
  expect(new Set(charges).size).toBeGreaterThanOrEqual(10)
})

test('over HTTP, the users behind an address whose budget is used up pay for themselves', async () => {
  await using gateway = await startGateway({ documentBudget: budget() })
  const as = (token: string) => (query: string) =>
    post(gateway.url, query, { headers: { authorization: `Bearer ${token}` } })
  const [alice, bob] = [as(await gateway.token('alice')), as(await gateway.token('bob'))]
  await useUp((query) => post(gateway.url, query))
  expect((await alice('{ alice: whoami }')).body).toEqual({ data: { alice: 'alice' } })
  expect((await as('forged')('{ forged: whoami }')).status).toBe(429)
  await useUp(alice)
  expect((await alice('{ again: whoami }')).status).toBe(429)
  expect((await bob('{ bob: whoami }')).body).toEqual({ data: { bob: 'bob' } })
})

test('the addresses of one IPv6 network share a budget', async () => {
  await using gateway = await startGateway({ trustedProxies: ['127.0.0.1'], documentBudget: budget() })
  await useUp(from(gateway, '2001:db8:1:2::1'))
  expect((await from(gateway, '2001:db8:1:2:ffff::9')('{ a: whoami }')).status).toBe(429)
  expect((await from(gateway, '2001:db8:1:3::1')('{ b: whoami }')).status).toBe(200)
})

test('over a WebSocket, the user pays and the connection stays', async () => {
  await using gateway = await startGateway({ documentBudget: budget() })
  using socket = await new RawSocket(gateway.webSocketUrl).init({
    authorization: `Bearer ${await gateway.token('alice')}`,
  })
  let n = 0
  const answer = await useUp(async (query) => {
    const { payload } = await socket.run(`costly ${(n += 1)}`, query)
    const errors = payload as NonNullable<Answer['body']['errors']>
    const status = errors[0]?.extensions['code'] === 'BAD_USER_INPUT' ? 400 : 429
    return { status, headers: new Headers(), text: '', body: { errors } }
  })
  expect(answer.body.errors).toMatchObject([{ extensions: LIMITED }])
  using other = await new RawSocket(gateway.webSocketUrl).init({
    authorization: `Bearer ${await gateway.token('bob')}`,
  })
  expect(await other.run('other', '{ bob: whoami }')).toMatchObject({ type: 'next' })
  // The text is cached since bob sent it.
  expect(await socket.run('known', '{ bob: whoami }')).toMatchObject({ type: 'next' })
})

import { expect, test } from 'vitest'
import type { DocumentBudget } from '../../../src/quotas/document-budget.ts'
import { createRefusalBudget } from '../../../src/quotas/refusal-budget.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { RawSocket } from './raw-socket.ts'

const ADDRESS = 'address 127.0.0.1'

/** A budget that is used up for those in `debtors` alone. */
function budgetOf(debtors: ReadonlySet<string>): DocumentBudget {
  return { waitMs: (payer) => (debtors.has(payer) ? 1 : 0), charge: () => undefined }
}

const connect = async (gateway: Gateway, name: string): Promise<RawSocket> =>
  new RawSocket(gateway.webSocketUrl).init({ authorization: await gateway.token(name) })

test('does not read a client without a token whose address is in debt, while users behind it are served', async () => {
  const debtors = new Set<string>()
  await using gateway = await startGateway({ documentBudget: budgetOf(debtors) })
  using attacker = await new RawSocket(gateway.webSocketUrl).init()
  debtors.add(ADDRESS)
  for (let id = 0; id < 50; id++) attacker.subscribe(`${id}`, `{ whoami } # ${id}`)
  for (let count = 0; count < 10; count++) {
    using alice = await connect(gateway, 'alice')
    const answer = await alice.run('1', `{ whoami } # new ${count}`)
    expect(answer).toMatchObject({ payload: { data: { whoami: 'alice' } } })
  }
  expect(attacker.messages.all).toEqual([{ type: 'connection_ack' }])
  expect(gateway.callers).toHaveLength(10)
  debtors.delete(ADDRESS)
  const all = await attacker.messages.until((messages) => new Set(messages.map(({ id }) => id)).size > 50)
  expect(all.filter(({ type }) => type === 'error')).toEqual([])
})

test('further connections of an address in debt are read as far as their first message', async () => {
  const debtors = new Set([ADDRESS])
  await using gateway = await startGateway({ documentBudget: budgetOf(debtors) })
  const sockets = await Promise.all(
    Array.from({ length: 10 }, () => new RawSocket(gateway.webSocketUrl).init()),
  )
  for (const socket of sockets) socket.subscribe('1', '{ whoami }')
  using alice = await connect(gateway, 'alice')
  for (let count = 0; count < 10; count++) await alice.run(`${count}`, '{ whoami }')
  for (const { messages } of sockets) expect(messages.all).toEqual([{ type: 'connection_ack' }])
  for (const socket of sockets) socket[Symbol.dispose]()
})

test('a connection that is not read has to sign in within its time all the same', async () => {
  const limits = { signInTimeoutMs: 200, checkIntervalMs: 20 }
  await using gateway = await startGateway({ documentBudget: budgetOf(new Set([ADDRESS])), limits })
  using attacker = await new RawSocket(gateway.webSocketUrl).init()
  for (let id = 0; id < 1_000; id++) attacker.subscribe(`${id}`, '{ whoami }')
  expect(await attacker.closed).toEqual({ code: 4408, reason: 'Sign-in timeout' })
  expect(gateway.callers).toEqual([])
})

test('does not cut off a connection for silence while it is not read', async () => {
  const debtors = new Set([ADDRESS])
  const limits = { silenceMs: 20, checkIntervalMs: 5 }
  await using gateway = await startGateway({ documentBudget: budgetOf(debtors), limits })
  using held = await new RawSocket(gateway.webSocketUrl).init()
  held.subscribe('1', '{ whoami }')
  // A silent connection, which answers no ping, shows that the time is over.
  using silent = await new RawSocket(gateway.webSocketUrl, { autoPong: false }).init()
  await silent.closed
  debtors.delete(ADDRESS)
  expect(await held.messages.match(({ id }) => id === '1')).toMatchObject({ type: 'next' })
})

test('a client without a token is charged for each message but the first, and a user is not', async () => {
  const charged: string[] = []
  const documentBudget = { waitMs: () => 0, charge: (payer: string) => void charged.push(payer) }
  await using gateway = await startGateway({ documentBudget })
  using alice = await connect(gateway, 'alice')
  await alice.run('0', '{ whoami }')
  charged.length = 0
  for (let id = 1; id <= 10; id++) await alice.run(`${id}`, '{ whoami }')
  expect(charged).toEqual([])
  using anonymous = await new RawSocket(gateway.webSocketUrl).init()
  for (let id = 1; id <= 10; id++) await anonymous.run(`${id}`, '{ whoami }')
  expect(charged).toEqual(Array.from({ length: 10 }, () => ADDRESS))
})

test('operations with invented tokens are charged to the address of their connection', async () => {
  const charged: string[] = []
  const documentBudget = { waitMs: () => 0, charge: (payer: string) => void charged.push(payer) }
  await using gateway = await startGateway({ documentBudget })
  using attacker = await new RawSocket(gateway.webSocketUrl).init()
  for (let id = 1; id <= 10; id++) {
    const extensions = { headers: { authorization: `Bearer invented-${id}` } }
    attacker.send({ id: `${id}`, type: 'subscribe', payload: { query: '{ whoami }', extensions } })
    expect(await attacker.messages.match((message) => message.id === `${id}`)).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'UNAUTHENTICATED' } }],
    })
  }
  expect(new Set(charged)).toEqual(new Set([ADDRESS]))
  expect(charged.length).toBeGreaterThanOrEqual(10)
})

test('a user who ignores RATE_LIMITED for documents is not read for a moment, and no other user waits', async () => {
  const time = { now: 0 }
  const debtors = new Set(['user alice'])
  const refusals = createRefusalBudget(() => time.now)
  await using gateway = await startGateway({ documentBudget: budgetOf(debtors), refusals })
  using alice = await connect(gateway, 'alice')
  using bob = await connect(gateway, 'bob')
  for (let id = 0; id < 200; id++) alice.subscribe(`${id}`, `{ whoami } # ${id}`)
  const refused = (): number => alice.messages.all.filter(({ type }) => type === 'error').length
  await alice.messages.until(() => refused() === 50)
  for (let count = 0; count < 10; count++) await bob.run(`${count}`, '{ whoami }')
  expect(refused()).toBe(50)
  time.now += 1_001
  await alice.messages.until(() => refused() > 50)
  expect(alice.messages.all.filter(({ type }) => type === 'next')).toEqual([])
})

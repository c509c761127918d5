import { expect, test } from 'vitest'
import { ParleyError } from '../../../src/errors.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { RawSocket } from './raw-socket.ts'

/** A gateway that throttles the users in `throttled`, and the calls of its throttle. */
async function startHolding(throttled: ReadonlySet<string>) {
  const asked: { userId: string; backlogMs: number }[] = []
  const gateway = await startGateway({
    throttleSend: (userId, backlogMs) => {
      asked.push({ userId, backlogMs })
      if (throttled.has(userId)) throw new ParleyError('RATE_LIMITED', 'Later.', { retryAfterMs: 900 })
    },
  })
  return { gateway, asked }
}

const connect = async (gateway: Gateway, name: string): Promise<RawSocket> =>
  new RawSocket(gateway.webSocketUrl).init({ authorization: await gateway.token(name) })

const SEND = 'mutation { sendMessage(text: "hello") }'
const REFUSED = { code: 'RATE_LIMITED', retryable: true, retryAfterMs: 900 }

test('rejects the message of a throttled sender before it runs, and keeps the connection', async () => {
  const throttled = new Set(['bob'])
  const { gateway } = await startHolding(throttled)
  await using _stopped = gateway
  using bob = await connect(gateway, 'bob')
  expect(await bob.run('1', SEND)).toEqual({
    id: '1',
    type: 'error',
    payload: [{ message: 'Later.', extensions: REFUSED }],
  })
  expect([gateway.notes, gateway.callers]).toEqual([[], []])
  expect(await bob.run('2', '{ whoami }')).toMatchObject({
    type: 'next',
    payload: { data: { whoami: 'bob' } },
  })
  throttled.delete('bob')
  expect(await bob.run('3', SEND)).toMatchObject({ type: 'next', payload: { data: { sendMessage: 1 } } })
})

test('does not throttle operations that do more than send, nor other senders', async () => {
  const { gateway, asked } = await startHolding(new Set(['bob']))
  await using _stopped = gateway
  using bob = await connect(gateway, 'bob')
  using carol = await connect(gateway, 'carol')
  const both = 'mutation { note(text: "a note") sendMessage(text: "hello") }'
  expect(await bob.run('1', both)).toMatchObject({ type: 'next', payload: { data: { sendMessage: 2 } } })
  expect(await carol.run('1', SEND)).toMatchObject({ type: 'next' })
  expect(asked.map(({ userId }) => userId)).toEqual(['carol'])
})

test('answers a thousand rejected messages in order', async () => {
  const { gateway } = await startHolding(new Set(['bob']))
  await using _stopped = gateway
  using bob = await connect(gateway, 'bob')
  const ids = Array.from({ length: 1_000 }, (_, index) => String(index))
  for (const id of ids) bob.subscribe(id, SEND)
  const answers = await bob.messages.until((all) => all.length > ids.length)
  expect(answers.slice(1)).toEqual(
    ids.map((id) => ({ id, type: 'error', payload: [{ message: 'Later.', extensions: REFUSED }] })),
  )
})

test('passes the backlog of a flood to the throttle, and none for a client with few messages', async () => {
  const { gateway, asked } = await startHolding(new Set())
  await using _stopped = gateway
  using bob = await connect(gateway, 'bob')
  using carol = await connect(gateway, 'carol')
  for (let index = 0; index < 100; index += 1) bob.subscribe(String(index), SEND)
  for (const id of ['1', '2', '3']) carol.subscribe(id, SEND)
  await expect.poll(() => asked.length).toBe(103)
  const of = (name: string): number[] =>
    asked.filter(({ userId }) => userId === name).map(({ backlogMs }) => backlogMs)
  expect(Math.max(...of('bob'))).toBeGreaterThan(0)
  expect([...of('bob').slice(-3), ...of('carol')]).toEqual(Array(6).fill(0))
})

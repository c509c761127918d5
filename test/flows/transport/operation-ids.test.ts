import { expect, test } from 'vitest'
import { startGateway } from './gateway.ts'
import { RawSocket } from './raw-socket.ts'

const OBSERVED = 'subscription { observed }'

test('an operation whose id is used again receives nothing of the completed one', async () => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  socket.subscribe('same', 'subscription { observed(afterMs: 100) }')
  socket.send({ id: 'same', type: 'complete' })
  socket.subscribe('same', '{ slow(text: "first", afterMs: 150) }')
  socket.send({ id: 'same', type: 'complete' })
  socket.subscribe('same', '{ slow(text: "second", afterMs: 300) }')
  await socket.messages.match(({ type }) => type === 'complete')
  expect(socket.messages.all.filter(({ id }) => id === 'same')).toEqual([
    { id: 'same', type: 'next', payload: { data: { slow: 'second' } } },
    { id: 'same', type: 'complete' },
  ])
})

test('the end of a completed operation does not end the one that uses its id again', async () => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  socket.subscribe('same', '{ slow(text: "first", afterMs: 100) }')
  socket.send({ id: 'same', type: 'complete' })
  socket.subscribe('same', OBSERVED)
  // The slow one is over once its successor on another id has answered.
  await socket.run('other', '{ slow(text: "later", afterMs: 200) }')
  gateway.streams[0]?.push('hello')
  expect(await socket.messages.match(({ id }) => id === 'same')).toEqual({
    id: 'same',
    type: 'next',
    payload: { data: { observed: 'hello' } },
  })
  socket.send({ id: 'same', type: 'complete' })
  await gateway.streams[0]?.calls.match((call) => call === 'return', 1_000)
})

test('a late error of a completed operation does not reach the one that uses its id again', async () => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  socket.subscribe('same', 'subscription { failing(how: "at once later") }')
  socket.send({ id: 'same', type: 'complete' })
  const answer = await socket.run('same', '{ slow(text: "mine", afterMs: 200) }')
  expect(answer).toEqual({ id: 'same', type: 'next', payload: { data: { slow: 'mine' } } })
})

test('keeps ids of any form', async () => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  for (const id of ['1', '"', '\\', '\u2028', '__proto__', 'constructor', 'x'.repeat(1_000)]) {
    expect(await socket.run(id, '{ whoami }')).toMatchObject({ id, type: 'next' })
  }
})

test('closes with 4409 and a part of the id if a long id is in use', async () => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  const id = 'é'.repeat(1_000)
  socket.subscribe(id, OBSERVED)
  socket.subscribe(id, OBSERVED)
  const { code, reason } = await socket.closed
  expect(code).toBe(4409)
  expect(reason).toMatch(/^Subscriber for é+… already exists$/)
})

test('completing an unknown operation does nothing', async () => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  socket.send({ id: 'unknown', type: 'complete' })
  expect(await socket.run('1', '{ whoami }')).toMatchObject({ type: 'next' })
})

test.each([undefined, null, 42, ''])('an operation with the document %j fails alone', async (query) => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  socket.send({ id: '1', type: 'subscribe', payload: { query } })
  expect(await socket.messages.match(({ id }) => id === '1')).toEqual({
    id: '1',
    type: 'error',
    payload: [
      {
        message: 'The operation has no document. Send it as text in "query".',
        extensions: { code: 'BAD_USER_INPUT', retryable: false },
      },
    ],
  })
  expect(await socket.run('1', '{ whoami }')).toMatchObject({ type: 'next' })
})

test('an empty operationName counts as absent', async () => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  for (const query of ['{ whoami }', 'query Named { whoami }', 'subscription { count(to: 1) }']) {
    expect(await socket.run(query, query, { operationName: '' })).toMatchObject({ type: 'next' })
  }
})

import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { startGateway } from './gateway.ts'
import { post, send } from './http-client.ts'
import { RawSocket } from './raw-socket.ts'

const WHO = 'query Who { whoami }'
const COUNT = 'subscription Count { count(to: 1) }'
const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')
const trustedDocuments = new Map([WHO, COUNT].map((text) => [hashOf(text), text]))

const REJECTED = { extensions: { code: 'BAD_USER_INPUT' } }
const persisted = (text: string): object => ({ persistedQuery: { version: 1, sha256Hash: hashOf(text) } })

function postJson(url: string, body: object) {
  return send(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
    body: JSON.stringify(body),
  })
}

test('over HTTP accepts the documents of the manifest by id, by hash and by text, and no others', async () => {
  await using gateway = await startGateway({ trustedDocuments })
  const documentId = hashOf(WHO)
  for (const body of [
    { documentId },
    { documentId: `sha256:${documentId}` },
    { extensions: persisted(WHO) },
    { query: WHO },
  ])
    expect((await postJson(gateway.url, body)).body).toEqual({ data: { whoami: 'anonymous' } })
  const accept = { headers: { accept: 'application/json' } }
  expect((await send(`${gateway.url}?documentId=${documentId}`, accept)).body).toEqual({
    data: { whoami: 'anonymous' },
  })
  for (const body of [
    { query: '{ whoami }' },
    { query: '{ __schema { types { name } } }' },
    { documentId: hashOf('{ whoami }') },
    { query: '{ whoami }', extensions: persisted('{ whoami }') },
    { query: '{ whoami }', documentId },
  ]) {
    const answer = await postJson(gateway.url, body)
    expect(answer.status).toBe(400)
    expect(answer.body.errors).toMatchObject([REJECTED])
  }
})

test('over WebSocket accepts the documents of the manifest by id, by hash and by text, and no others', async () => {
  await using gateway = await startGateway({ trustedDocuments })
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  const whoami = { type: 'next', payload: { data: { whoami: 'anonymous' } } }
  socket.send({ id: '1', type: 'subscribe', payload: { documentId: hashOf(WHO) } })
  socket.send({ id: '2', type: 'subscribe', payload: { extensions: persisted(WHO) } })
  for (const id of ['1', '2'])
    expect(await socket.messages.match((message) => message.id === id)).toMatchObject(whoami)
  expect(await socket.run('3', WHO)).toMatchObject(whoami)
  expect(await socket.run('4', COUNT)).toMatchObject({ type: 'next', payload: { data: { count: 1 } } })
  expect(await socket.run('5', '{ whoami }')).toMatchObject({ type: 'error', payload: [REJECTED] })
  expect(await socket.run('6', '{ whoami }', { extensions: persisted('{ whoami }') })).toMatchObject({
    type: 'error',
    payload: [REJECTED],
  })
})

test('a document that is not trusted is rejected before it is parsed', async () => {
  const charges: number[] = []
  const documentBudget = { waitMs: () => 0, charge: (_payer: string, ms: number) => void charges.push(ms) }
  await using gateway = await startGateway({ trustedDocuments, documentBudget })
  expect((await post(gateway.url, `{ ${'whoami '.repeat(500)} }`)).status).toBe(400)
  expect((await post(gateway.url, '{')).body.errors?.[0]?.message).toContain(
    'not one of the trusted documents',
  )
  expect(charges).toEqual([])
})

test('without a manifest an id names no document', async () => {
  await using gateway = await startGateway()
  expect((await postJson(gateway.url, { documentId: hashOf(WHO) })).status).toBe(400)
})

test('with introspection off, the error says why GraphiQL has no schema', async () => {
  await using gateway = await startGateway({ introspection: false })
  const { body } = await post(gateway.url, '{ __schema { queryType { name } } }')
  expect(body.errors?.[0]?.message).toContain('tools such as GraphiQL have no schema')
  expect(body.errors?.[0]?.message).toContain('INTROSPECTION=on')
  expect((await post(gateway.url, '{ __typename }')).body.data).toEqual({ __typename: 'Query' })
})

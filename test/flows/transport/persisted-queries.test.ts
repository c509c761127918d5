import { createHash } from 'node:crypto'
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client'
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { createClient } from 'graphql-ws'
import { expect, test } from 'vitest'
import { startGateway } from './gateway.ts'
import { send } from './http-client.ts'
import { RawSocket } from './raw-socket.ts'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const extensionsFor = (query: string): object => ({
  persistedQuery: { version: 1, sha256Hash: sha256(query) },
})
const NOT_FOUND = {
  message: 'PersistedQueryNotFound',
  extensions: { code: 'PERSISTED_QUERY_NOT_FOUND', retryable: false },
}

/** Requests that an Apollo client sends, as the gateway receives them. */
function apollo(url: string, options: Readonly<{ useGETForHashedQueries?: boolean }> = {}) {
  const requests: (readonly [method: string, hasDocument: boolean])[] = []
  const http = new HttpLink({
    uri: url,
    fetch: (input, init) => {
      const text = `${JSON.stringify(input)}${typeof init?.body === 'string' ? init.body : ''}`
      requests.push([init?.method ?? 'GET', text.includes('whoami')])
      return fetch(input, init)
    },
  })
  const link = ApolloLink.from([new PersistedQueryLink({ sha256, ...options }), http])
  const cache = new InMemoryCache()
  return {
    client: new ApolloClient({ link, cache, defaultOptions: { query: { fetchPolicy: 'no-cache' } } }),
    requests,
  }
}

test("Apollo's persisted queries work over POST: a document is sent once", async () => {
  await using gateway = await startGateway()
  const query = gql`
    query Who {
      whoami
    }
  `
  const first = apollo(gateway.url)
  for (let round = 0; round < 2; round++) {
    expect((await first.client.query({ query })).data).toEqual({ whoami: 'anonymous' })
  }
  expect(first.requests).toEqual([
    ['POST', false],
    ['POST', true],
    ['POST', false],
  ])
  const second = apollo(gateway.url)
  expect((await second.client.query({ query })).data).toEqual({ whoami: 'anonymous' })
  expect(second.requests).toEqual([['POST', false]])
})

test("Apollo's persisted queries work over GET", async () => {
  await using gateway = await startGateway()
  const { client, requests } = apollo(gateway.url, { useGETForHashedQueries: true })
  const query = gql`
    query Who {
      whoami
    }
  `
  await client.query({ query })
  expect((await client.query({ query })).data).toEqual({ whoami: 'anonymous' })
  expect(requests.at(-1)).toEqual(['GET', false])
})

test('answers an unknown hash with status 200 and the code that clients look for', async () => {
  await using gateway = await startGateway()
  for (const accept of ['application/json', 'application/graphql-response+json']) {
    const answer = await send(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept },
      body: JSON.stringify({ extensions: extensionsFor('{ whoami }') }),
    })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.body).toEqual({ errors: [NOT_FOUND] })
  }
  expect(gateway.log).toEqual([])
})

test('a persisted mutation does not run by GET', async () => {
  await using gateway = await startGateway()
  const query = 'mutation { note(text: "done") }'
  const extensions = extensionsFor(query)
  await send(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, extensions }),
  })
  expect(gateway.notes).toEqual(['done'])
  const params = new URLSearchParams({ extensions: JSON.stringify(extensions) })
  expect((await send(`${gateway.url}?${params}`, {})).status).toBe(405)
  expect(gateway.notes).toEqual(['done'])
})

test('over WebSocket, an unknown hash is an error of the operation, and documents are shared with HTTP', async () => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  const query = '{ whoami }'
  const payload = { extensions: extensionsFor(query) }
  socket.send({ id: '1', type: 'subscribe', payload })
  expect(await socket.messages.match(({ id }) => id === '1')).toEqual({
    id: '1',
    type: 'error',
    payload: [NOT_FOUND],
  })
  await socket.run('2', query, payload)
  socket.send({ id: '3', type: 'subscribe', payload })
  expect(await socket.messages.match(({ id }) => id === '3')).toMatchObject({ type: 'next' })
  const params = new URLSearchParams({ extensions: JSON.stringify(payload.extensions) })
  expect((await send(`${gateway.url}?${params}`, {})).body).toEqual({ data: { whoami: 'anonymous' } })
})

test("Apollo's persisted queries work over graphql-ws, which always sends the document too", async () => {
  await using gateway = await startGateway()
  const ws = createClient({ url: gateway.webSocketUrl })
  const link = ApolloLink.from([new PersistedQueryLink({ sha256 }), new GraphQLWsLink(ws)])
  const client = new ApolloClient({ link, cache: new InMemoryCache() })
  const { data } = await client.query({ query: gql('{ whoami }') })
  expect(data).toEqual({ whoami: 'anonymous' })
  client.stop()
  await ws.dispose()
})

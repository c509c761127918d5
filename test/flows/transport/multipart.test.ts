import { readFile } from 'node:fs/promises'
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client'
import { CombinedProtocolErrors } from '@apollo/client/errors'
import { RetryLink } from '@apollo/client/link/retry'
import { expect, test } from 'vitest'
import { EventQueue } from '../../harness/fixtures/event-queue.ts'
import { type Gateway, startGateway } from './gateway.ts'
import type { ObservedStream } from './observed-stream.ts'

const OBSERVED = gql('subscription { observed }')
const ACCEPT = 'multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json'

type Seen = Readonly<{ data?: unknown; error?: unknown } | 'complete'>

/** A subscription by Apollo Client over HTTP alone. */
function subscribe({ url }: Gateway, options: Readonly<{ token?: string; retries?: boolean }> = {}) {
  const { token, retries = false } = options
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const http = new HttpLink({ uri: url, headers })
  const retry = new RetryLink({ delay: { initial: 50, max: 50 }, attempts: { max: 3 } })
  const client = new ApolloClient({
    link: retries ? ApolloLink.from([retry, http]) : http,
    cache: new InMemoryCache(),
  })
  const seen = new EventQueue<Seen>()
  const subscription = client.subscribe({ query: OBSERVED }).subscribe({
    next: ({ data, error }) => seen.push({ data, error }),
    complete: () => seen.push('complete'),
  })
  return {
    seen,
    stop: () => {
      subscription.unsubscribe()
      client.stop()
    },
  }
}

async function startedStream(gateway: Gateway, index = 0): Promise<ObservedStream> {
  await expect.poll(() => gateway.streams[index]?.calls.all).toEqual(['next'])
  return gateway.streams[index] as ObservedStream
}

test("delivers a subscription through Apollo Client's multipart transport, each event at once", async () => {
  await using gateway = await startGateway({ heartbeatMs: 20 })
  const { seen, stop } = subscribe(gateway)
  const stream = await startedStream(gateway)
  for (const text of ['one', 'two \u2028 --graphql', 'three']) {
    stream.push(text)
    await seen.match(
      (item) => item !== 'complete' && JSON.stringify(item.data) === JSON.stringify({ observed: text }),
    )
  }
  stop()
  await stream.calls.match((call) => call === 'return', 2_000)
})

test('completes with the subscription', async () => {
  await using gateway = await startGateway()
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: ACCEPT },
    body: JSON.stringify({ query: 'subscription { count(to: 2) }' }),
  })
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe(
    'multipart/mixed; boundary="graphql"; subscriptionSpec=1.0',
  )
  const part = (json: string): string => `\r\ncontent-type: application/json\r\n\r\n${json}\r\n--graphql`
  expect(await response.text()).toBe(
    `\r\n--graphql${part('{}')}${part('{"payload":{"data":{"count":1}}}')}${part('{"payload":{"data":{"count":2}}}')}--\r\n`,
  )
})

test('writes heartbeats while the subscription is silent', async () => {
  await using gateway = await startGateway({ heartbeatMs: 20 })
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: ACCEPT },
    body: JSON.stringify({ query: 'subscription { observed }' }),
  })
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += new TextDecoder().decode(chunk)
    if (text.split('\r\n\r\n{}\r\n--graphql').length > 4) break
  }
  expect(text).toMatch(/^\r\n--graphql/)
})

test('ends with a transport error when its token expires', async () => {
  await using gateway = await startGateway()
  const { seen, stop } = subscribe(gateway, { token: await gateway.token('alice', { expiresInS: 3_600 }) })
  const stream = await startedStream(gateway)
  gateway.clock.offsetMs = 3_605_000
  const item = await seen.match((it) => it !== 'complete' && it.error !== undefined)
  const { error } = item as Readonly<{ error: unknown }>
  expect(CombinedProtocolErrors.is(error) && error.errors[0]?.extensions?.['code']).toBe('UNAUTHENTICATED')
  expect(stream.isOver).toBe(true)
  stop()
})

test('the last part of a stream whose token expires is in docs/clients/apollo-ios.md', async () => {
  await using gateway = await startGateway()
  const token = await gateway.token('alice', { expiresInS: 3_600 })
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: ACCEPT, authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: 'subscription { observed }' }),
  })
  await startedStream(gateway)
  gateway.clock.offsetMs = 3_605_000
  const last = (await response.text()).split('\r\n').at(-3) ?? ''
  const page = await readFile('docs/clients/apollo-ios.md', 'utf8')
  const recorded = /^```json\n(.*?)^```$/ms.exec(page)?.[1] ?? ''
  expect(JSON.parse(last)).toEqual(JSON.parse(recorded))
})

test("a restart ends it so that Apollo's RetryLink subscribes again", async () => {
  await using gateway = await startGateway()
  await using next = await startGateway()
  let url = gateway.url
  const http = new HttpLink({ uri: () => url })
  const link = ApolloLink.from([
    new RetryLink({ delay: { initial: 20, max: 20 }, attempts: { max: 5 } }),
    http,
  ])
  const client = new ApolloClient({ link, cache: new InMemoryCache() })
  const seen = new EventQueue<unknown>()
  const subscription = client.subscribe({ query: OBSERVED }).subscribe(({ data }) => seen.push(data))
  const stream = await startedStream(gateway)
  url = next.url
  await gateway.server.closeInWaves({ deadlineMs: 200 })
  expect(stream.isOver).toBe(true)
  ;(await startedStream(next)).push('again')
  await seen.match((data) => JSON.stringify(data) === '{"observed":"again"}')
  subscription.unsubscribe()
  client.stop()
})

test('waits with the next event for a client that does not read', async () => {
  await using gateway = await startGateway({ heartbeatMs: 20 })
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: ACCEPT },
    body: JSON.stringify({ query: 'subscription { observed }' }),
  })
  const stream = await startedStream(gateway)
  for (let index = 0; index < 50; index++) stream.push('x'.repeat(1024 * 1024))
  let pulled = -1
  await expect
    .poll(
      () => {
        const isSteady = pulled === stream.calls.all.length
        pulled = stream.calls.all.length
        return isSteady
      },
      { interval: 200 },
    )
    .toBe(true)
  expect(pulled).toBeLessThan(30)
  await response.body?.cancel()
})

test('an error before the first event is an ordinary answer', async () => {
  await using gateway = await startGateway()
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: ACCEPT },
    body: JSON.stringify({ query: 'subscription { failing(how: "at once forbidden") }' }),
  })
  expect(response.headers.get('content-type')).toContain('application/json')
  expect(await response.text()).toContain('"code":"FORBIDDEN"')
})

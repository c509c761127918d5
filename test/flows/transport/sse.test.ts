import { expect, test } from 'vitest'
import { startGateway } from './gateway.ts'
import type { Gateway } from './gateway.ts'

type Subscription = Readonly<{ response: Response; text(): string; end: Promise<void>; stop(): void }>

async function subscribe(gateway: Gateway, query: string, token?: string): Promise<Subscription> {
  const stop = new AbortController()
  const response = await fetch(gateway.url, {
    method: 'POST',
    signal: stop.signal,
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ query }),
  })
  let text = ''
  async function read(): Promise<void> {
    for await (const chunk of response.body ?? []) text += new TextDecoder().decode(chunk)
  }
  const end = read().catch((error: unknown) => {
    if (!stop.signal.aborted) throw error
  })
  return { response, text: () => text, end, stop: () => stop.abort() }
}

test('delivers a subscription as server-sent events, by POST and by GET', async () => {
  await using gateway = await startGateway()
  const posted = await subscribe(gateway, 'subscription { count(to: 2) }')
  await posted.end
  expect(posted.response.headers.get('content-type')).toContain('text/event-stream')
  expect(posted.text()).toContain('event: next\ndata: {"data":{"count":1}}\n\n')
  expect(posted.text()).toContain('event: next\ndata: {"data":{"count":2}}\n\n')
  expect(posted.text()).toContain('event: complete\n')
  const query = encodeURIComponent('subscription { count(to: 1) }')
  const got = await fetch(`${gateway.url}?query=${query}`, { headers: { accept: 'text/event-stream' } })
  expect(await got.text()).toContain('data: {"data":{"count":1}}')
})

test('keeps a silent subscription alive with comments', async () => {
  await using gateway = await startGateway({ heartbeatMs: 50 })
  const { text, stop } = await subscribe(gateway, 'subscription { observed }')
  await expect.poll(() => text().match(/^:$/gm)?.length ?? 0, { timeout: 3_000 }).toBeGreaterThan(2)
  stop()
})

test('an event has one line for clients that split at any line terminator', async () => {
  await using gateway = await startGateway()
  const words = 'a\n\r\u000b\f\u001c\u001d\u001e\u0085\u2028\u2029b'
  const { text, stop } = await subscribe(gateway, 'subscription { observed }')
  await expect.poll(() => gateway.streams[0]?.calls.all).toEqual(['next'])
  gateway.streams[0]?.push(words)
  await expect.poll(() => text()).toContain('"}}\n\n')
  const lineEnds = '\r\u000b\f\u001c\u001d\u001e\u0085\u2028\u2029'
  const lines = lineEnds
    .split('')
    .reduce((rest, end) => rest.replaceAll(end, '\n'), text())
    .split('\n')
  expect(lines.slice(2, 4)).toEqual([
    'event: next',
    `data: ${JSON.stringify({ data: { observed: words } })
      .replaceAll('\u0085', '\\u0085')
      .replaceAll('\u2028', '\\u2028')
      .replaceAll('\u2029', '\\u2029')}`,
  ])
  const [, json = ''] = /^event: next\ndata: (.*)$/m.exec(text()) ?? []
  expect(JSON.parse(json)).toEqual({ data: { observed: words } })
  stop()
})

test('the result of a query in an event has one line too', async () => {
  await using gateway = await startGateway()
  const { text, end } = await subscribe(gateway, '{ echo(text: "\u2028") }')
  await end
  expect(text()).toContain('data: {"data":{"echo":"\\u2028"}}\n')
})

test.each(['application/json', 'application/graphql-response+json', 'multipart/mixed'])(
  'a subscription with Accept: %s ends unread, and the answer says what to send',
  async (accept) => {
    await using gateway = await startGateway()
    const response = await fetch(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept },
      body: JSON.stringify({ query: 'subscription { observed }' }),
    })
    expect(response.status).toBe(406)
    const text = await response.text()
    expect(text).toContain('"Accept: text/event-stream\\" or'.replace('"A', '\\"A'))
    expect(text).toContain('"code":"BAD_USER_INPUT"')
    expect(gateway.streams.map(({ calls, isOver }) => [calls.all, isOver])).toEqual([[['return'], true]])
  },
)

test.each(['text/html', 'application/xml, image/png', 'application/json;q=0', '*/*;q=0'])(
  'a mutation with Accept: %s does not run, and the answer says what is served',
  async (accept) => {
    await using gateway = await startGateway()
    const response = await fetch(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept },
      body: JSON.stringify({ query: 'mutation { note(text: "x") }' }),
    })
    expect(response.status).toBe(406)
    expect(response.headers.get('content-type')).toContain('application/json')
    expect(await response.text()).toContain('text/event-stream')
    expect(gateway.notes).toEqual([])
  },
)

test('ends a stream with a pending next when the client goes away', async () => {
  await using gateway = await startGateway()
  const { stop } = await subscribe(gateway, 'subscription { observed }')
  await expect.poll(() => gateway.streams[0]?.calls.all).toEqual(['next'])
  stop()
  await gateway.streams[0]?.calls.match((call) => call === 'return', 2_000)
})

test('ends a stream that starts after the client went away', async () => {
  await using gateway = await startGateway()
  const stop = new AbortController()
  const response = fetch(gateway.url, {
    method: 'POST',
    signal: stop.signal,
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ query: 'subscription { observed(afterMs: 300) }' }),
  })
  await expect.poll(() => gateway.callers.length).toBe(1)
  stop.abort()
  await expect(response).rejects.toThrow()
  await expect.poll(() => gateway.streams[0]?.isOver).toBe(true)
})

test('waits with the next event for a client that does not read', async () => {
  await using gateway = await startGateway()
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ query: 'subscription { observed }' }),
  })
  await expect.poll(() => gateway.streams[0]?.calls.all).toEqual(['next'])
  const [stream] = gateway.streams
  for (let index = 0; index < 50; index++) stream?.push('x'.repeat(1024 * 1024))
  let pulled = -1
  await expect
    .poll(
      () => {
        const isSteady = pulled === stream?.calls.all.length
        pulled = stream?.calls.all.length ?? -1
        return isSteady
      },
      { interval: 200 },
    )
    .toBe(true)
  expect(pulled).toBeLessThan(30)
  await response.body?.cancel()
})

test('ends a subscription with UNAUTHENTICATED when its token expires', async () => {
  await using gateway = await startGateway()
  const { text, end } = await subscribe(
    gateway,
    'subscription { observed }',
    await gateway.token('alice', { expiresInS: 3_600 }),
  )
  await expect.poll(() => gateway.streams[0]?.calls.all).toEqual(['next'])
  gateway.clock.offsetMs = 3_605_000
  await end
  expect(text()).toContain('"code":"UNAUTHENTICATED"')
  expect(gateway.streams[0]?.isOver).toBe(true)
})

import { expect, onTestFinished, test, vi } from 'vitest'
import { createParleyClient, memoryStorage, ParleyError } from '../../src/index.ts'

/** A WebSocket that no server accepts. */
class RefusedWebSocket extends WebSocket {
  static attempts = 0
  constructor() {
    super('ws://127.0.0.1:1')
    RefusedWebSocket.attempts += 1
  }
}

/** A token of Alice that is about to expire, so that each connection needs another one. */
const SHORT_LIVED = `e30.${btoa(JSON.stringify({ sub: 'alice', exp: 1 }))}.signature`

function createClient(token: () => string) {
  const client = createParleyClient({
    url: 'http://127.0.0.1:1/graphql',
    token,
    WebSocket: RefusedWebSocket,
    fetch: () => Promise.reject(new TypeError('fetch failed')),
  })
  onTestFinished(() => client.close())
  return client
}

test('is offline, not signed out, while the token function fails, and connects again afterwards', async () => {
  let isDown = false
  let failures = 0
  const client = createClient(() => {
    if (!isDown) return SHORT_LIVED
    failures += 1
    throw new TypeError('fetch failed')
  })
  const states = new Set<string>()
  client.connection.subscribe(() => states.add(client.connection.getSnapshot().type))
  client.start().catch(() => undefined)
  await expect.poll(() => client.connection.getSnapshot().type).toBe('offline')
  isDown = true
  await expect.poll(() => failures, { timeout: 10_000 }).toBeGreaterThan(1)
  expect(states).toEqual(new Set(['connecting', 'offline']))
  isDown = false
  const before = RefusedWebSocket.attempts
  await expect.poll(() => RefusedWebSocket.attempts, { timeout: 10_000 }).toBeGreaterThan(before)
})

test('starts to connect once the first token can be fetched', async () => {
  let calls = 0
  const client = createClient(() => {
    calls += 1
    if (calls < 3) throw new TypeError('fetch failed')
    return SHORT_LIVED
  })
  const before = RefusedWebSocket.attempts
  client.start().catch(() => undefined)
  await expect.poll(() => RefusedWebSocket.attempts, { timeout: 10_000 }).toBeGreaterThan(before)
  expect(calls).toBeGreaterThanOrEqual(3)
})

test('is signed out when the app says that it has no token', async () => {
  const client = createClient(() => {
    throw new ParleyError('UNAUTHENTICATED', 'Sign in again.')
  })
  await expect(client.start()).rejects.toMatchObject({ code: 'UNAUTHENTICATED', message: 'Sign in again.' })
  expect(client.connection.getSnapshot()).toEqual({ type: 'signed-out', reason: 'Sign in again.' })
})

test.each(['before it is started', 'while it connects'])(
  'a client that is closed %s is signed out',
  async (when) => {
    const client = createClient(() => SHORT_LIVED)
    if (when === 'while it connects') {
      const start = client.start()
      start.catch(() => undefined)
      await expect.poll(() => client.connection.getSnapshot().type).toBe('offline')
      await client.close()
      await expect(start).rejects.toMatchObject({ code: 'CLOSED' })
    } else await client.close()
    const closed = { type: 'signed-out', reason: 'The client is closed.' }
    expect(client.connection.getSnapshot()).toEqual(closed)
  },
)

test('says that a runtime without WebSocket needs one', async () => {
  vi.stubGlobal('WebSocket', undefined)
  onTestFinished(() => void vi.unstubAllGlobals())
  const client = createParleyClient({ url: 'http://127.0.0.1:1/graphql', token: SHORT_LIVED })
  onTestFinished(() => client.close())
  await expect(client.start()).rejects.toThrow('Pass `WebSocket`')
})

test('reports a storage that cannot be read', async () => {
  const failure = new Error('denied')
  const errors: unknown[] = []
  const client = createParleyClient({
    url: 'http://127.0.0.1:1/graphql',
    token: SHORT_LIVED,
    WebSocket: RefusedWebSocket,
    storage: { ...memoryStorage(), get: () => Promise.reject(failure) },
    onError: (error) => errors.push(error),
  })
  onTestFinished(() => client.close())
  await expect(client.start()).rejects.toBe(failure)
  expect(errors).toEqual([failure])
})

test('keeps messages in the default storage where nothing copies values, as in React Native', async () => {
  vi.stubGlobal('structuredClone', undefined)
  onTestFinished(() => void vi.unstubAllGlobals())
  const client = createClient(() => SHORT_LIVED)
  client.start().catch(() => undefined)
  const chat = client.chat('chat_1')
  expect(await chat.send({ body: 'Hello' })).toMatchObject({ body: 'Hello', status: 'pending' })
  expect(chat.getSnapshot().messages.map(({ body }) => body)).toEqual(['Hello'])
})

test('reports a message that is retried before the start, instead of leaving a rejection unhandled', async () => {
  const errors: unknown[] = []
  const client = createParleyClient({
    url: 'http://127.0.0.1:1/graphql',
    token: SHORT_LIVED,
    onError: (error) => errors.push(error),
  })
  onTestFinished(() => client.close())
  client.chat('chat_1').retry('message')
  client.chat('chat_1').discard('message')
  await expect.poll(() => errors).toMatchObject([{ code: 'NOT_STARTED' }, { code: 'NOT_STARTED' }])
})

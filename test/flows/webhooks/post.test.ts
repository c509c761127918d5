import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { beforeEach, expect, test, vi } from 'vitest'
import { post } from '../../../src/transport/outgoing/post.ts'

type Answers = readonly Readonly<{ address: string; family: number }>[]

/** The answers of the name server, one for each question. */
const names = vi.hoisted(() => ({ answers: [] as Answers[], questions: [] as string[] }))

vi.mock('node:dns', async (importOriginal) => ({
  ...(await importOriginal<object>()),
  lookup(host: string, _: object, callback: (error: null, addresses: Answers) => void) {
    names.questions.push(host)
    callback(null, names.answers.shift() ?? [])
  },
}))

beforeEach(() => {
  names.answers = []
  names.questions = []
})

const REQUEST = { headers: {}, body: '{}', allowsPrivate: false, timeoutMs: 2_000 }
const LOOPBACK = { address: '127.0.0.1', family: 4 }
const PUBLIC = { address: '8.8.8.8', family: 4 }

test.each([
  '127.0.0.1',
  '10.0.0.1',
  '192.168.1.1',
  '169.254.169.254',
  '0.0.0.0',
  '2130706433',
  '0x7f.1',
  '[::1]',
  '[::]',
  '[fe80::1]',
  '[fc00::1]',
  '[::ffff:127.0.0.1]',
  '[64:ff9b::7f00:1]',
  '[2002:7f00:1::]',
  '[::7f00:1]',
])('connects to no private address: %s', async (host) => {
  await using server = await startServer((_, response) => response.end())
  const posted = await post({ ...REQUEST, url: `http://${host}:${server.port}/` })
  expect(posted).toMatchObject({
    type: 'failed',
    reason: expect.stringMatching(/is not a public address/) as unknown,
  })
  expect(server.requests()).toBe(0)
})

test.each([
  ['a private address', [[LOOPBACK]]],
  ['a private address beside a public one', [[PUBLIC, LOOPBACK]]],
])('a name with %s is not connected to', async (_, answers) => {
  await using server = await startServer((__, response) => response.end())
  names.answers = answers
  const posted = await post({ ...REQUEST, url: `http://hooks.example:${server.port}/` })
  const reason = '127.0.0.1 is not a public address'
  expect(posted).toEqual({ type: 'failed', reason, isForbidden: true })
  expect(server.requests()).toBe(0)
})

test('a name is resolved once: a later answer with a private address is never asked for', async () => {
  await using server = await startServer((_, response) => response.end())
  // The first answer passes the check. It is reserved for documents and has no route, so the request fails.
  names.answers = [[{ address: '3fff::1', family: 6 }], [LOOPBACK]]
  const posted = await post({ ...REQUEST, timeoutMs: 500, url: `http://hooks.example:${server.port}/` })
  expect(posted.type).toBe('failed')
  expect(names.questions).toEqual(['hooks.example'])
  expect(server.requests()).toBe(0)
})

test('an answer that takes too long is a failure', async () => {
  await using server = await startServer(() => undefined)
  const posted = await post({ ...REQUEST, allowsPrivate: true, timeoutMs: 100, url: server.url })
  expect(posted).toEqual({ type: 'failed', reason: 'no answer within 0.1 s' })
})

test('a redirect is an answer, and is not followed', async () => {
  await using server = await startServer((_, response) =>
    response.writeHead(302, { location: '/elsewhere' }).end(),
  )
  const posted = await post({ ...REQUEST, allowsPrivate: true, url: server.url })
  expect(posted).toMatchObject({ type: 'answered', status: 302 })
  expect(server.requests()).toBe(1)
})

test('Retry-After is read as seconds or as a date', async () => {
  let retryAfter = '120'
  await using server = await startServer((_, response) =>
    response.writeHead(503, { 'retry-after': retryAfter }).end(),
  )
  const asked = async () => {
    const posted = await post({ ...REQUEST, allowsPrivate: true, url: server.url })
    return posted.type === 'answered' ? posted.retryAfterMs : undefined
  }
  expect(await asked()).toBe(120_000)
  retryAfter = new Date(Date.now() + 3_600_000).toUTCString()
  expect(Math.round(((await asked()) ?? 0) / 60_000)).toBe(60)
  retryAfter = 'soon'
  expect(await asked()).toBeUndefined()
})

async function startServer(listener: RequestListener) {
  let count = 0
  const server = createServer((request, response) => {
    count += 1
    listener(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}/`,
    requests: () => count,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

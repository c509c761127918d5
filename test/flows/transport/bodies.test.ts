import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { startGateway, type Gateway } from './gateway.ts'
import { type Answer, send } from './http-client.ts'

const LIMIT = 256 * 1024

function postBytes(
  { url }: Gateway,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const accept = 'application/graphql-response+json'
  return send(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, ...headers },
    body,
  })
}

const bytesOf = (buffer: Buffer): Uint8Array<ArrayBuffer> => new Uint8Array(buffer)
const WHOAMI = JSON.stringify({ query: '{ whoami }' })

test.each([
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['GZIP', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
  ['identity', (body: Buffer) => body],
])('accepts a body in the encoding %s', async (encoding, encode) => {
  await using gateway = await startGateway()
  const body = bytesOf(encode(Buffer.from(WHOAMI)))
  const answer = await postBytes(gateway, body, { 'content-encoding': encoding })
  expect(answer.body).toEqual({ data: { whoami: 'anonymous' } })
})

test.each(['zstd', 'compress', 'gzip, gzip', 'none'])(
  'answers 415 to a body in the encoding %s, with those that it accepts',
  async (encoding) => {
    await using gateway = await startGateway()
    const answer = await postBytes(gateway, WHOAMI, { 'content-encoding': encoding })
    expect(answer.status).toBe(415)
    expect(answer.headers.get('accept-encoding')).toBe('gzip, deflate, br')
    expect(answer.body.errors?.[0]).toEqual({
      message: 'The body has an unknown Content-Encoding. Send it as gzip, deflate or br, or uncompressed.',
      extensions: { code: 'BAD_USER_INPUT', retryable: false },
    })
  },
)

test.each([
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
])('refuses a bomb in the encoding %s with 413, at the cost of a small body', async (encoding, encode) => {
  await using gateway = await startGateway()
  const bomb = bytesOf(encode(Buffer.alloc(64 * 1024 * 1024, ' ')))
  expect(bomb.byteLength).toBeLessThan(LIMIT)
  const before = process.memoryUsage().arrayBuffers
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => postBytes(gateway, bomb, { 'content-encoding': encoding })),
  )
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([413]))
  expect(answers[0]?.body.errors?.[0]?.message).toBe('The body is larger than 256 KiB. Send less at once.')
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024)
})

test.each([
  ['gzip', Buffer.from(WHOAMI)],
  ['gzip', gzipSync(WHOAMI).subarray(0, -10)],
  ['deflate', deflateRawSync(WHOAMI)],
  ['br', gzipSync(WHOAMI)],
])('answers 400 to a body that is not %s', async (encoding, body) => {
  await using gateway = await startGateway()
  const answer = await postBytes(gateway, bytesOf(body), { 'content-encoding': encoding })
  expect(answer.status).toBe(400)
  expect(answer.body.errors?.[0]?.message).toBe(
    `The body is not valid ${encoding}. Send it again, or uncompressed.`,
  )
  expect(gateway.log).toEqual([])
})

test('accepts a byte order mark at the start of a body, compressed or not', async () => {
  await using gateway = await startGateway()
  const body = `\uFEFF${WHOAMI}`
  expect((await postBytes(gateway, body)).body).toEqual({ data: { whoami: 'anonymous' } })
  const compressed = bytesOf(gzipSync(body))
  const answer = await postBytes(gateway, compressed, { 'content-encoding': 'gzip' })
  expect(answer.body).toEqual({ data: { whoami: 'anonymous' } })
})

test('an empty operationName counts as absent, by POST and by GET', async () => {
  await using gateway = await startGateway()
  const posted = await postBytes(
    gateway,
    JSON.stringify({ query: 'query Named { whoami }', operationName: '', variables: null, extensions: null }),
  )
  expect(posted.body).toEqual({ data: { whoami: 'anonymous' } })
  const got = await send(`${gateway.url}?query=${encodeURIComponent('{ whoami }')}&operationName=`, {})
  expect(got.body).toEqual({ data: { whoami: 'anonymous' } })
})

test('a single operation in a named document still needs no name, and several need one', async () => {
  await using gateway = await startGateway()
  const query = 'query A { whoami } query B { whoami }'
  const answer = await postBytes(gateway, JSON.stringify({ query, operationName: '' }))
  expect(answer.status).toBe(400)
  expect((await postBytes(gateway, JSON.stringify({ query, operationName: 'B' }))).status).toBe(200)
})

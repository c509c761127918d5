import { once } from 'node:events'
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { type Gateway, startGateway } from './gateway.ts'

type Raw = Readonly<{ headers: IncomingHttpHeaders; body: Buffer }>

/** Sends a query and does not decompress the response. */
async function postRaw({ url }: Gateway, query: string, headers: Record<string, string>): Promise<Raw> {
  const sending = request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
  })
  sending.end(JSON.stringify({ query }))
  const [response] = (await once(sending, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return { headers: response.headers, body: Buffer.concat(chunks) }
}

const BIG = '{ big(bytes: 100000) }'
const JSON_OF_BIG = JSON.stringify({ data: { big: 'x'.repeat(100_000) } })
const decode = { br: brotliDecompressSync, gzip: gunzipSync }

test.each([
  ['br', 'gzip, deflate, br, zstd'],
  ['gzip', 'gzip, deflate'],
  ['gzip', 'br;q=0.5, gzip;q=0.9'],
  ['gzip', 'br;q=0, *'],
  ['br', '*'],
] as const)('compresses a large response with %s for Accept-Encoding: %s', async (encoding, accepted) => {
  await using gateway = await startGateway()
  const { headers, body } = await postRaw(gateway, BIG, { 'accept-encoding': accepted })
  expect(headers['content-encoding']).toBe(encoding)
  expect(headers['content-length']).toBe(`${body.byteLength}`)
  expect(headers.vary).toBe('Origin, Accept-Encoding')
  expect(headers['content-type']).toContain('json')
  expect(body.byteLength).toBeLessThan(1_000)
  expect(decode[encoding](body).toString()).toBe(JSON_OF_BIG)
})

test.each(['', 'identity', 'deflate', 'gzip;q=0', 'zstd'])(
  'does not compress for Accept-Encoding: %s, and says that this may vary',
  async (accepted) => {
    await using gateway = await startGateway()
    const { headers, body } = await postRaw(
      gateway,
      BIG,
      accepted === '' ? {} : { 'accept-encoding': accepted },
    )
    expect(headers['content-encoding']).toBeUndefined()
    expect(headers.vary).toBe('Origin, Accept-Encoding')
    expect(body.toString()).toBe(JSON_OF_BIG)
  },
)

test('does not compress small responses', async () => {
  await using gateway = await startGateway()
  const { headers } = await postRaw(gateway, '{ whoami }', { 'accept-encoding': 'gzip' })
  expect(headers['content-encoding']).toBeUndefined()
})

test.each(['text/event-stream', 'multipart/mixed;subscriptionSpec=1.0'])(
  'never compresses a stream of %s',
  async (accept) => {
    await using gateway = await startGateway()
    const { headers, body } = await postRaw(gateway, 'subscription { count(to: 200) }', {
      'accept-encoding': 'gzip, br',
      accept,
    })
    expect(headers['content-encoding']).toBeUndefined()
    expect(headers['cache-control']).toContain('no-transform')
    expect(body.toString()).toContain('"count":200')
  },
)

test('a flood of large responses is answered in time, in part uncompressed', async () => {
  await using gateway = await startGateway()
  const answers = await Promise.all(
    Array.from({ length: 40 }, () =>
      postRaw(gateway, '{ big(bytes: 1000000) }', { 'accept-encoding': 'gzip' }),
    ),
  )
  const compressed = answers.filter(({ headers }) => headers['content-encoding'] === 'gzip')
  expect(compressed.length).toBeGreaterThan(0)
  expect(compressed.length).toBeLessThan(40)
  for (const { body } of compressed) expect(gunzipSync(body).byteLength).toBeGreaterThan(1_000_000)
})

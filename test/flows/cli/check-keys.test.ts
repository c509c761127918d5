import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair } from 'jose'
import { expect, test } from 'vitest'
import { checkKeys } from '../../../src/cli/doctor/check-keys.ts'
import { loadConfig } from '../../../src/config/load-config.ts'

/** An identity provider that gives every request the same response. */
async function provider(status: number, body: string): Promise<AsyncDisposable & Readonly<{ url: string }>> {
  const server = createServer((_, response) => response.writeHead(status).end(body))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/jwks.json`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function findingAbout(url: string): Promise<string> {
  const { config, secrets } = loadConfig({ AUTH_JWKS_URL: url, AUTH_ISSUER: 'x', AUTH_AUDIENCE: 'y' })
  const { status, what } = await checkKeys(config, secrets)
  return `${status}: ${what}`
}

test('accepts an identity provider with a key', async () => {
  const { publicKey } = await generateKeyPair('ES256')
  await using idp = await provider(
    200,
    JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), use: 'sig' }] }),
  )
  expect(await findingAbout(idp.url)).toBe(`ok: a key to verify tokens with at ${idp.url}`)
})

test.each([
  [503, 'later', 'the response has status 503'],
  [200, '<html>', 'not valid JSON'],
  [200, '{"issuer":"x"}', 'the response is not a key set'],
  [200, '{"keys":[{"kty":"RSA","use":"enc"},{"kty":"oct"}]}', 'it has no public key for signatures'],
])('reports an identity provider that responds with status %i and %s', async (status, body, why) => {
  await using idp = await provider(status, body)
  expect(await findingAbout(idp.url)).toContain(`problem: no keys from ${idp.url}: `)
  expect(await findingAbout(idp.url)).toContain(why)
})

test('reports an identity provider that is not reachable', async () => {
  const idp = await provider(200, '')
  await idp[Symbol.asyncDispose]()
  expect(await findingAbout(idp.url)).toContain('ECONNREFUSED')
})

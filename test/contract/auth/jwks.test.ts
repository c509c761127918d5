import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SignJWT, exportJWK, generateKeyPair } from 'jose'
import type { JWK, JWTPayload } from 'jose'
import { expect, test, vi } from 'vitest'
import { createTokenVerifier } from '../../../src/auth/tokens.ts'
import type { TokenVerifier } from '../../../src/auth/tokens.ts'

const ISSUER = 'https://id.example'
const AUDIENCE = 'parley'

type Key = Readonly<{ alg: string; kid: string; jwk: JWK; privateKey: CryptoKey }>

async function makeKey(alg: string, kid: string): Promise<Key> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  return { alg, kid, jwk: { ...(await exportJWK(publicKey)), kid, alg }, privateKey }
}

type Signing = Readonly<{ claims?: JWTPayload; kid?: string; alg?: string }>

async function sign({ privateKey, ...key }: Key, { claims, ...header }: Signing = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const payload = { sub: 'alice', iss: ISSUER, aud: AUDIENCE, exp: now + 60, ...claims }
  return new SignJWT(payload).setProtectedHeader({ alg: key.alg, kid: key.kid, ...header }).sign(privateKey)
}

type Provider = AsyncDisposable & {
  keys: JWK[]
  mode: 'up' | 'broken'
  fetches: number
  verifier: TokenVerifier
}

/** An identity provider that publishes its keys on this machine. */
async function startProvider(keys: readonly Key[]): Promise<Provider> {
  const server = createServer((_request, response) => {
    provider.fetches += 1
    if (provider.mode === 'broken') response.writeHead(500).end('away')
    else response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: provider.keys }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`
  const provider: Provider = {
    keys: keys.map(({ jwk }) => jwk),
    mode: 'up',
    fetches: 0,
    verifier: createTokenVerifier({
      auth: { type: 'jwks', url, issuer: ISSUER, audience: AUDIENCE },
      secret: undefined,
      clock: { now: Date.now },
    }),
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
    },
  }
  return provider
}

function codeOf(verification: Promise<unknown>): Promise<string> {
  return verification.then(
    () => 'accepted',
    (error: unknown) => (error as { code: string }).code,
  )
}

test('tokens of every asymmetric algorithm are accepted, with one fetch for all', async () => {
  const keys = await Promise.all(
    ['RS256', 'PS256', 'ES256', 'EdDSA'].map((alg) => makeKey(alg, `key ${alg}`)),
  )
  await using provider = await startProvider(keys)
  for (const key of keys) {
    expect(await provider.verifier.verify(await sign(key))).toMatchObject({ userId: 'alice' })
  }
  expect(provider.fetches).toBe(1)
})

test('nothing is fetched before the first token comes', async () => {
  await using provider = await startProvider([])
  expect(provider.fetches).toBe(0)
})

test('a public key does not pass for a secret', async () => {
  const key = await makeKey('RS256', 'a')
  await using provider = await startProvider([key])
  for (const secret of [JSON.stringify(key.jwk), String(key.jwk.n)]) {
    const forged = new SignJWT({
      sub: 'alice',
      iss: ISSUER,
      aud: AUDIENCE,
      exp: Date.now(),
    }).setProtectedHeader({
      alg: 'HS256',
      kid: 'a',
    })
    expect(await codeOf(provider.verifier.verify(await forged.sign(Buffer.from(secret))))).toBe(
      'UNAUTHENTICATED',
    )
  }
  expect(provider.fetches).toBe(0)
})

test.each([
  ['issuer', { iss: 'https://evil.example' }],
  ['audience', { aud: 'billing' }],
  ['expiry in the past', { exp: 1 }],
  ['expiry missing', { exp: undefined }],
  ['start in the future', { nbf: 4_000_000_000 }],
])('the wrong %s is refused', async (_name, claims) => {
  const key = await makeKey('ES256', 'a')
  await using provider = await startProvider([key])
  expect(await codeOf(provider.verifier.verify(await sign(key, { claims: claims as JWTPayload })))).toBe(
    'UNAUTHENTICATED',
  )
})

test('rejects a foreign key with the id of a known one', async () => {
  const [key, forger] = [await makeKey('ES256', 'a'), await makeKey('ES256', 'a')]
  await using provider = await startProvider([key])
  await expect(provider.verifier.verify(await sign(forger))).rejects.toThrow(
    "The token's signature does not match.",
  )
})

test('a thousand tokens with odd key names cause at most one fetch more', async () => {
  const key = await makeKey('ES256', 'a')
  await using provider = await startProvider([key])
  const odd = ['', '../../etc/passwd', "' OR 1=1 --", '\u0000', 'x'.repeat(1_000), '__proto__', 'constructor']
  const tokens = await Promise.all(
    Array.from({ length: 1_000 }, (_, index) => sign(key, { kid: odd[index] ?? `unknown ${index}` })),
  )
  const codes = await Promise.all(tokens.map((token) => codeOf(provider.verifier.verify(token))))
  expect(new Set(codes)).toEqual(new Set(['UNAUTHENTICATED']))
  expect(provider.fetches).toBeLessThanOrEqual(2)
})

test('a key that was added later is found, and until then its token may be tried again', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  try {
    const [key, added] = [await makeKey('ES256', 'a'), await makeKey('ES256', 'b')]
    await using provider = await startProvider([key])
    await provider.verifier.verify(await sign(key))
    provider.keys.push(added.jwk)
    expect(await codeOf(provider.verifier.verify(await sign(added)))).toBe('UNAVAILABLE')
    vi.setSystemTime(Date.now() + 31_000)
    expect(await codeOf(provider.verifier.verify(await sign(added)))).toBe('accepted')
    vi.setSystemTime(Date.now() + 31_000)
    const foreign = await makeKey('ES256', 'c')
    expect(await codeOf(provider.verifier.verify(await sign(foreign)))).toBe('UNAUTHENTICATED')
  } finally {
    vi.useRealTimers()
  }
})

test('while the provider is away, a token can neither be accepted nor refused', async () => {
  const key = await makeKey('ES256', 'a')
  await using provider = await startProvider([key])
  provider.mode = 'broken'
  const outcomes = await Promise.all(
    Array.from({ length: 50 }, async () =>
      provider.verifier.verify(await sign(key)).catch((error: unknown) => error),
    ),
  )
  for (const error of outcomes)
    expect(error).toMatchObject({ code: 'UNAVAILABLE', extensions: { retryable: true } })
  expect(provider.fetches).toBeLessThanOrEqual(2)
})

test('keys that were fetched serve on while the provider is away', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  try {
    const [key, unknown] = [await makeKey('ES256', 'a'), await makeKey('ES256', 'b')]
    await using provider = await startProvider([key])
    await provider.verifier.verify(await sign(key))
    provider.mode = 'broken'
    vi.setSystemTime(Date.now() + 11 * 60_000)
    expect(await codeOf(provider.verifier.verify(await sign(key)))).toBe('accepted')
    expect(await codeOf(provider.verifier.verify(await sign(unknown)))).toBe('UNAVAILABLE')
    const forger = await makeKey('ES256', 'a')
    expect(await codeOf(provider.verifier.verify(await sign(forger)))).toBe('UNAUTHENTICATED')
    expect(provider.fetches).toBe(2)
  } finally {
    vi.useRealTimers()
  }
})

import { SignJWT, UnsecuredJWT } from 'jose'
import type { JWTPayload } from 'jose'
import { expect, test } from 'vitest'
import { createTokenVerifier } from '../../../src/auth/tokens.ts'
import type { TokenVerifier } from '../../../src/auth/tokens.ts'

const SECRET = 'a secret that only this test knows, 32 bytes'
const NOW_MS = Date.UTC(2026, 10, 23)
const NOW_S = NOW_MS / 1000

type Made = Readonly<{ claims?: JWTPayload; secret?: string; alg?: string }>

async function token({ claims = {}, secret = SECRET, alg = 'HS256' }: Made = {}): Promise<string> {
  const payload = { sub: 'alice', ...claims }
  return new SignJWT(payload).setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret))
}

function verifier(auth: Readonly<{ issuer?: string; audience?: string }> = {}): TokenVerifier {
  return createTokenVerifier({
    auth: { type: 'secret', ...auth },
    secret: SECRET,
    clock: { now: () => NOW_MS },
  })
}

/** Returns the text of the UNAUTHENTICATED error for a token. */
async function refusal(text: string, by = verifier()): Promise<string> {
  const error: unknown = await by.verify(text).catch((reason: unknown) => reason)
  expect(error).toMatchObject({ name: 'ParleyError', code: 'UNAUTHENTICATED' })
  const { message } = error as Error
  expect(message).not.toContain(text)
  return message
}

test('returns the claims of a valid token', async () => {
  const claims = {
    name: 'Alice',
    picture: 'https://pictures.example/a.png',
    iat: NOW_S - 60,
    exp: NOW_S + 60,
    jti: 'the first',
  }
  expect(await verifier().verify(await token({ claims }))).toEqual({
    userId: 'alice',
    name: 'Alice',
    avatarUrl: 'https://pictures.example/a.png',
    issuedAt: new Date(NOW_MS - 60_000),
    statedIssuedAt: new Date(NOW_MS - 60_000),
    tokenId: 'the first',
    expiresAt: new Date(NOW_MS + 60_000),
  })
})

test('requires no claim but the subject', async () => {
  expect(await verifier().verify(await token())).toEqual({
    userId: 'alice',
    name: 'alice',
    avatarUrl: null,
    issuedAt: new Date(NOW_MS),
    statedIssuedAt: undefined,
    tokenId: undefined,
    expiresAt: undefined,
  })
})

test('rejects an unsigned token, however its algorithm is spelled', async () => {
  const unsigned = new UnsecuredJWT({ sub: 'alice' }).encode()
  expect(await refusal(unsigned)).toBe("The token's algorithm is not accepted here.")
  const [, payload = ''] = unsigned.split('.')
  for (const alg of ['None', 'NONE', 'nOnE']) {
    const header = Buffer.from(JSON.stringify({ alg })).toString('base64url')
    await refusal(`${header}.${payload}.`)
  }
})

test('accepts only HS256 with a secret', async () => {
  for (const alg of ['HS384', 'HS512']) {
    expect(await refusal(await token({ alg, secret: SECRET.repeat(2) }))).toBe(
      "The token's algorithm is not accepted here.",
    )
  }
})

test('rejects a signature of another key and a changed payload', async () => {
  expect(await refusal(await token({ secret: 'another secret, as long as the first one' }))).toBe(
    "The token's signature does not match.",
  )
  const [header, , signature] = (await token()).split('.')
  const forged = Buffer.from(JSON.stringify({ sub: 'bob' })).toString('base64url')
  expect(await refusal(`${header}.${forged}.${signature}`)).toBe("The token's signature does not match.")
})

test('rejects tokens that are expired or not valid yet, with three seconds of tolerance', async () => {
  expect(await refusal(await token({ claims: { exp: NOW_S - 3 } }))).toBe('The token has expired.')
  expect(await refusal(await token({ claims: { nbf: NOW_S + 4 } }))).toBe('The token is not valid yet.')
  await verifier().verify(await token({ claims: { exp: NOW_S - 2, nbf: NOW_S + 3 } }))
})

test('checks issuer and audience if they are configured', async () => {
  const strict = verifier({ issuer: 'https://id.example', audience: 'parley' })
  const right = { iss: 'https://id.example', aud: 'parley' }
  await strict.verify(await token({ claims: right }))
  expect(await refusal(await token({ claims: { ...right, iss: 'https://evil.example' } }), strict)).toBe(
    'The token comes from another issuer.',
  )
  expect(await refusal(await token({ claims: { ...right, aud: ['billing'] } }), strict)).toBe(
    'The token is meant for another audience.',
  )
  expect(await refusal(await token(), strict)).toBe('The token lacks the claim "iss".')
})

test.each([
  ['no subject', { sub: undefined }],
  ['an empty subject', { sub: '' }],
  ['a subject that is too long', { sub: 'a'.repeat(256) }],
  ['a control character in its subject', { sub: 'ali\u0000ce' }],
  ['a lone surrogate in its subject', { sub: 'ali\ud800ce' }],
  ['a subject that is no string', { sub: 7 }],
  ['an expiry that is no number', { exp: 'tomorrow' }],
])('rejects a token with %s', async (_name, claims) => {
  await refusal(await token({ claims: claims as JWTPayload }))
})

test.each(['', 'x', 'a.b', 'a.b.c', 'a.b.c.d.e', '..', 'ö.ö.ö', 'Basic YTpi', 'x'.repeat(1_000_000)])(
  'rejects malformed token %#',
  async (text) => {
    const error: unknown = await verifier()
      .verify(text)
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'UNAUTHENTICATED', message: 'The token is malformed.' })
  },
)

test('rejects a token of more than 8,192 characters without reading it', async () => {
  expect(await refusal(await token({ claims: { filler: 'x'.repeat(8_192) } }))).toBe(
    'The token is malformed.',
  )
})

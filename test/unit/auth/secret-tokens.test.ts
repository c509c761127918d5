import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { jwtVerify, type JWTPayload, SignJWT } from 'jose'
import { expect, test } from 'vitest'
import { createSecretTokenVerifier } from '../../../src/auth/secret-tokens.ts'

const SECRET = 'a secret that only this test knows, 32 bytes'
const KEY = new TextEncoder().encode(SECRET)
const NOW = new Date('2026-11-23T09:00:00Z')
const NOW_S = NOW.getTime() / 1_000
const OPTIONS = { requiredClaims: ['sub'], clockTolerance: 3, currentDate: NOW, issuer: 'https://id.example' }

const verify = createSecretTokenVerifier(SECRET)

type Outcome = JWTPayload | 'rejected'

function here(token: string): Outcome {
  try {
    return verify(token, OPTIONS)
  } catch {
    return 'rejected'
  }
}

function inJose(token: string): Promise<Outcome> {
  return jwtVerify(token, KEY, { ...OPTIONS, algorithms: ['HS256'] }).then(
    ({ payload }) => payload,
    () => 'rejected',
  )
}

/** Most tokens are valid. Otherwise nearly none would be, as each claim can make a token invalid. */
const mostly = <Value, Other>(value: Value, other: fc.Arbitrary<Other>) =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(value) }, other)
const time = fc.option(fc.integer({ min: NOW_S - 6, max: NOW_S + 6 }), { nil: undefined })
const claims = fc.record({
  sub: mostly('alice', fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined })),
  iss: mostly('https://id.example', fc.constantFrom('https://other.example', undefined)),
  exp: mostly(NOW_S + 60, fc.oneof(time, fc.constant('soon'))),
  nbf: mostly(NOW_S, time),
  iat: mostly(NOW_S, time),
  more: fc.jsonValue(),
})
const header = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ alg: 'HS256', typ: 'JWT' }) },
  fc.constantFrom({ alg: 'HS384' }, { alg: 'HS512' }, { alg: 'HS256', kid: 'one' }),
)
/** Changes of a token on its way. Most tokens arrive as they were. */
const change = fc.oneof(
  { weight: 4, arbitrary: fc.constant((token: string) => token) },
  fc
    .tuple(fc.nat(), fc.constantFrom('A', 'b', '.', '=', '+', ' ', 'ö', ''))
    .map(([at, letter]) => (token: string) => {
      const place = at % token.length
      return token.slice(0, place) + letter + token.slice(place + 1)
    }),
  fc.nat().map((length) => (token: string) => token.slice(0, length % token.length)),
)

/** HS512 needs a longer secret to sign, and none here verifies with it. */
const keyFor = (alg: string): Uint8Array => (alg === 'HS256' ? KEY : Buffer.concat([KEY, KEY]))

test('accepts and rejects the same tokens as jose, with the same claims', async () => {
  let accepted = 0
  const property = fc.asyncProperty(claims, header, change, async (payload, protectedHeader, changed) => {
    const signed = new SignJWT(payload as JWTPayload).setProtectedHeader(protectedHeader)
    const token = changed(await signed.sign(keyFor(protectedHeader.alg)))
    const outcome = here(token)
    expect(outcome).toEqual(await inJose(token))
    if (outcome !== 'rejected') accepted += 1
  })
  await fc.assert(property, { numRuns: 500 })
  expect(accepted).toBeGreaterThan(20)
})

test.each([
  ['no algorithm', {}],
  ['critical extensions', { alg: 'HS256', crit: ['b64'], b64: false }],
  ['an unknown critical extension', { alg: 'HS256', crit: ['exp'], exp: 1 }],
])('rejects a token with %s in its header, however well it is signed', async (_name, head) => {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const part = `${encode(head)}.${encode({ sub: 'alice', iss: 'https://id.example' })}`
  const signature = createHmac('sha256', SECRET).update(part).digest('base64url')
  expect(here(`${part}.${signature}`)).toBe('rejected')
})

test('a signature has one spelling', async () => {
  const token = await new SignJWT({ sub: 'alice', iss: 'https://id.example' })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(KEY)
  expect(here(token)).toMatchObject({ sub: 'alice' })
  // The last letter of 32 bytes in base64url has two bits that decode to nothing.
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const other = letters[letters.indexOf(token.at(-1) ?? '') + 1] ?? ''
  expect(here(token.slice(0, -1) + other)).toBe('rejected')
})

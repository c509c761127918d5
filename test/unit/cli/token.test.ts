import { decodeJwt, jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { parley } from './terminal.ts'

const AUTH_SECRET = 'a key for tests, of more than 32 bytes'
const UUID = /^[0-9a-f-]{36}$/
const KEY = new TextEncoder().encode(AUTH_SECRET)

test('prints a token with name and picture that expires as requested', async () => {
  const options = ['--name', 'Alice Ångström', '--picture', 'https://img.example/a.png', '--for', '2h']
  const { code, printed, noticed } = await parley(['token', 'alice', ...options], { AUTH_SECRET })
  expect({ code, noticed }).toEqual({ code: 0, noticed: '' })
  const { payload, protectedHeader } = await jwtVerify(printed, KEY, { algorithms: ['HS256'] })
  expect(protectedHeader.alg).toBe('HS256')
  expect(payload).toEqual({
    sub: 'alice',
    jti: expect.stringMatching(UUID) as string,
    name: 'Alice Ångström',
    picture: 'https://img.example/a.png',
    iat: expect.any(Number) as number,
    exp: (payload.iat ?? 0) + 7_200,
  })
})

test('prints a token for 30 days without further claims by default', async () => {
  const { printed } = await parley(['token', 'bob'], { AUTH_SECRET })
  const { sub, jti, iat = 0, exp, ...rest } = decodeJwt(printed)
  expect({ sub, exp, rest }).toEqual({ sub: 'bob', exp: iat + 30 * 86_400, rest: {} })
  expect(jti).toMatch(UUID)
})

test('adds the issuer and the audience that a gateway requires', async () => {
  const env = { AUTH_SECRET, AUTH_ISSUER: 'https://login.example', AUTH_AUDIENCE: 'parley' }
  const { printed } = await parley(['token', 'carol'], env)
  expect(decodeJwt(printed)).toMatchObject({ iss: 'https://login.example', aud: 'parley' })
})

test('explains that it has no key if an identity provider signs tokens', async () => {
  const env = { AUTH_JWKS_URL: 'https://login.example/jwks', AUTH_ISSUER: 'x', AUTH_AUDIENCE: 'y' }
  const { code, printed, noticed } = await parley(['token', 'alice'], env)
  expect({ code, printed }).toEqual({ code: 1, printed: '' })
  expect(noticed).toContain('the identity provider signs tokens and Parley has no key to sign one with')
})

test('needs no database in production', async () => {
  const { code, printed, noticed } = await parley(['token', 'alice'], { NODE_ENV: 'production', AUTH_SECRET })
  expect({ code, noticed }).toEqual({ code: 0, noticed: '' })
  expect(decodeJwt(printed)).toMatchObject({ sub: 'alice' })
})

import { decodeJwt, jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { parley } from './terminal.ts'

const AUTH_SECRET = 'a key for tests, of more than 32 bytes'
const KEY = new TextEncoder().encode(AUTH_SECRET)

test('a token signs its subject in with name and picture, for as long as was asked', async () => {
  const options = ['--name', 'Alice Ångström', '--picture', 'https://img.example/a.png', '--for', '2h']
  const { code, printed, noticed } = await parley(['token', 'alice', ...options], { AUTH_SECRET })
  expect({ code, noticed }).toEqual({ code: 0, noticed: '' })
  const { payload, protectedHeader } = await jwtVerify(printed, KEY, { algorithms: ['HS256'] })
  expect(protectedHeader.alg).toBe('HS256')
  expect(payload).toEqual({
    sub: 'alice',
    name: 'Alice Ångström',
    picture: 'https://img.example/a.png',
    iat: expect.any(Number) as number,
    exp: (payload.iat ?? 0) + 7_200,
  })
})

test('without options it lasts for 30 days and says nothing but who it is', async () => {
  const { printed } = await parley(['token', 'bob'], { AUTH_SECRET })
  const { sub, iat = 0, exp, ...rest } = decodeJwt(printed)
  expect({ sub, exp, rest }).toEqual({ sub: 'bob', exp: iat + 30 * 86_400, rest: {} })
})

test('it has the issuer and the audience that an instance asks for', async () => {
  const env = { AUTH_SECRET, AUTH_ISSUER: 'https://login.example', AUTH_AUDIENCE: 'parley' }
  const { printed } = await parley(['token', 'carol'], env)
  expect(decodeJwt(printed)).toMatchObject({ iss: 'https://login.example', aud: 'parley' })
})

test('where an identity provider signs, it says that it can’t, and why', async () => {
  const env = { AUTH_JWKS_URL: 'https://login.example/jwks', AUTH_ISSUER: 'x', AUTH_AUDIENCE: 'y' }
  const { code, printed, noticed } = await parley(['token', 'alice'], env)
  expect({ code, printed }).toEqual({ code: 1, printed: '' })
  expect(noticed).toContain('tokens come from the identity provider and Parley has no key to sign one with')
})

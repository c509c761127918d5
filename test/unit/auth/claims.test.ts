import { expect, test } from 'vitest'
import { claimsFrom } from '../../../src/auth/claims.ts'
import type { Claims } from '../../../src/auth/claims.ts'

const NOW_MS = Date.UTC(2026, 10, 23)

function claims(payload: Readonly<Record<string, unknown>>): Claims {
  return claimsFrom({ sub: 'alice', ...payload }, NOW_MS)
}

test.each([
  ['Alice', 'Alice'],
  ['  Alice B.  ', 'Alice B.'],
  ['Ali\u0000ce\n\u007f', 'Alice'],
  ['👩‍👧 Alice', '👩‍👧 Alice'],
  ['a\ud800b', 'a\ufffdb'],
  ['', 'alice'],
  [' \t\u0007 ', 'alice'],
  ['\u200b\u2060', 'alice'],
  ['\u202eecila', 'ecila'],
  ['Alice\u2028Smith', 'Alice Smith'],
  [42, 'alice'],
  [null, 'alice'],
])('reads the name %j as %j', (name, expected) => {
  expect(claims({ name }).name).toBe(expected)
})

test('a subject that shows nothing is no name', () => {
  expect(claims({ sub: '\u200b' }).name).toBe('User')
})

test('cuts a name at 255 code points, never within one', () => {
  const { name } = claims({ name: '👋'.repeat(300) })
  expect(name).toBe('👋'.repeat(255))
})

test.each([
  ['https://pictures.example/a.png', 'https://pictures.example/a.png'],
  ['http://pictures.example/ä', 'http://pictures.example/%C3%A4'],
  ['javascript:alert(1)', null],
  ['data:image/png;base64,AAAA', null],
  ['//pictures.example/a.png', null],
  ['not an address', null],
  [`https://pictures.example/${'a'.repeat(2_048)}`, null],
  [`https://pictures.example/${'ä'.repeat(500)}`, null],
  [{ url: 'https://pictures.example' }, null],
])('reads the picture %j as %j', (picture, expected) => {
  expect(claims({ picture }).avatarUrl).toBe(expected)
})

test('uses the present time if iat is missing or in the future', () => {
  const now = new Date(NOW_MS)
  for (const iat of [undefined, NOW_MS / 1000 + 60, 1e300, -1, NaN, 'yesterday']) {
    expect(claims({ iat }).issuedAt).toEqual(now)
  }
  expect(claims({ iat: 1 }).issuedAt).toEqual(new Date(1_000))
})

test('keeps iat as it is for revocation, and has none if it is missing or malformed', () => {
  expect(claims({ iat: NOW_MS / 1000 + 60 }).statedIssuedAt).toEqual(new Date(NOW_MS + 60_000))
  for (const iat of [undefined, -1, NaN, 1e300, 'yesterday'])
    expect(claims({ iat }).statedIssuedAt).toBeUndefined()
})

test.each([
  ['a', 'a'],
  ['x'.repeat(255), 'x'.repeat(255)],
  ['', undefined],
  ['x'.repeat(256), undefined],
  ['a\0b', undefined],
  ['\ud800', undefined],
  [7, undefined],
])('reads the id %j as %j', (jti, expected) => {
  expect(claims({ jti }).tokenId).toBe(expected)
})

test('rejects an expiry after the year 9999, such as one in milliseconds', () => {
  const last = Date.parse('9999-12-31T23:59:59Z')
  expect(claims({ exp: last / 1000 }).expiresAt).toEqual(new Date(last))
  expect(claims({}).expiresAt).toBeUndefined()
  for (const exp of [last / 1000 + 1, Date.parse('2026-11-23T12:00:00Z'), 8.64e12, 1e300]) {
    expect(() => claims({ exp })).toThrow(/after the year 9999.* in seconds since 1970, not in milliseconds/)
  }
})

import { expect, onTestFinished, test, vi } from 'vitest'
import { createTokenSource, readClaims, renewInMs } from '../../src/connection/token.ts'

function jwt(claims: object): string {
  return `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.signature`
}

test('reads the subject and the expiry of a JWT', () => {
  expect(readClaims(jwt({ sub: 'zoë 👋', exp: 60 }))).toEqual({ subject: 'zoë 👋', expiresAtMs: 60_000 })
})

test('reads every character of UTF-8 where there is no TextDecoder, as in React Native', () => {
  vi.stubGlobal('TextDecoder', undefined)
  onTestFinished(() => void vi.unstubAllGlobals())
  for (const subject of ['50 %25', 'ÿ\u0080', '渋谷', '👋'])
    expect(readClaims(jwt({ sub: subject })).subject).toBe(subject)
})

test.each(['', 'opaque', 'a.b.c', jwt({ sub: 1, exp: 'soon' })])('reads no claims from "%s"', (token) => {
  expect(readClaims(token)).toEqual({ subject: undefined, expiresAtMs: undefined })
})

test.each([
  ['a minute before a long lifetime ends', 3_600_000, 3_540_000],
  ['after four fifths of a short one', 100_000, 80_000],
  ['at once after the expiry', -1, 0],
])('renews a token %s', (_case, leftMs, inMs) => {
  expect(renewInMs({ subject: 'alice', expiresAtMs: 1_000_000 + leftMs }, 1_000_000)).toBe(inMs)
})

test('never renews a token without an expiry', () => {
  expect(renewInMs({ subject: 'alice', expiresAtMs: undefined }, 0)).toBeUndefined()
})

test('calls the function of the app once for concurrent requests, and again once the token is stale', async () => {
  const fresh = jwt({ exp: Date.now() / 1_000 + 3_600 })
  const stale = jwt({ exp: Date.now() / 1_000 - 1 })
  const provide = vi.fn<() => string>().mockReturnValueOnce(stale).mockReturnValue(fresh)
  const tokens = createTokenSource(provide)
  expect(await Promise.all([tokens.current(), tokens.current()])).toEqual([stale, stale])
  expect(provide).toHaveBeenCalledTimes(1)
  expect([await tokens.current(), await tokens.current()]).toEqual([fresh, fresh])
  expect(provide).toHaveBeenCalledTimes(2)
})

test('calls the function of the app again after it has failed', async () => {
  const provide = vi.fn<() => Promise<string>>()
  provide.mockRejectedValueOnce(new Error('offline')).mockResolvedValue('token')
  const tokens = createTokenSource(provide)
  await expect(tokens.current()).rejects.toThrow('offline')
  expect(await tokens.current()).toBe('token')
})

test('only a function can provide another token', () => {
  expect(createTokenSource('token').canRenew).toBe(false)
  expect(createTokenSource(() => 'token').canRenew).toBe(true)
})

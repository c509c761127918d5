import { expect, test } from 'vitest'
import { createTokenVerifier, hasExpired } from '../../../src/auth/tokens.ts'
import { issueToken } from '../../../src/auth/issue-token.ts'

const SECRET = 'a secret that only this test knows, 32 bytes'
const EXPIRES_AT = new Date('2026-11-23T12:00:00Z')

test('considers a token expired from the moment when the verifier rejects it', async () => {
  const token = await issueToken(SECRET, { subject: 'alice', expiresAt: EXPIRES_AT })
  const isRefused = async (nowMs: number): Promise<boolean> => {
    const verifier = createTokenVerifier({
      auth: { type: 'secret' },
      secret: SECRET,
      clock: { now: () => nowMs },
    })
    return verifier.verify(token).then(
      () => false,
      () => true,
    )
  }
  for (let ms = -1_000; ms <= 6_000; ms += 250) {
    const nowMs = EXPIRES_AT.getTime() + ms
    expect([ms, hasExpired(EXPIRES_AT, nowMs)]).toEqual([ms, await isRefused(nowMs)])
  }
})

test('detects the expiry early enough to close the connection within five seconds', () => {
  expect(hasExpired(EXPIRES_AT, EXPIRES_AT.getTime() + 2_900)).toBe(false)
  expect(hasExpired(EXPIRES_AT, EXPIRES_AT.getTime() + 3_900)).toBe(true)
  expect(hasExpired(undefined, Number.MAX_SAFE_INTEGER)).toBe(false)
})

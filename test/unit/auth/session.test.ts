import { expect, test, vi } from 'vitest'
import type { Claims } from '../../../src/auth/claims.ts'
import { createAuthenticator, renewable } from '../../../src/auth/session.ts'
import type { Authenticator } from '../../../src/auth/session.ts'
import { ParleyError } from '../../../src/errors.ts'
import type { UserId } from '../../../src/ids.ts'

const LATER = new Date(2027, 0)

/** Accepts the tokens "name" and "name until later". */
function authenticator(provision: (claims: Claims) => Promise<void> = async () => undefined): Authenticator {
  return createAuthenticator({
    provision,
    verifier: {
      async verify(token) {
        const [name = '', until] = token.split(' until ')
        if (name === 'mallory') throw new ParleyError('UNAUTHENTICATED', 'The token is malformed.')
        const expiresAt = until === undefined ? new Date(2026, 0) : LATER
        return { userId: name as UserId, name, avatarUrl: null, issuedAt: new Date(0), expiresAt }
      },
    },
  })
}

test('provisions the user of a valid token only', async () => {
  const provision = vi.fn<(claims: Claims) => Promise<void>>(async () => undefined)
  const { authenticate } = authenticator(provision)
  expect(await authenticate('alice')).toEqual({
    viewer: { userId: 'alice', name: 'alice', avatarUrl: null },
    expiresAt: new Date(2026, 0),
    renew: undefined,
  })
  await expect(authenticate('mallory')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  expect(provision).toHaveBeenCalledTimes(1)
})

test('does not sign in a user who cannot be provisioned', async () => {
  const away = new ParleyError('UNAVAILABLE', 'The database is away.')
  await expect(authenticator(() => Promise.reject(away)).authenticate('alice')).rejects.toBe(away)
})

test('changes the session on renewal, and reports the new token', async () => {
  const { authenticate } = authenticator()
  const onRenewed = vi.fn<(token: string) => void>()
  const session = renewable(await authenticate('alice'), authenticate, onRenewed)
  await session.renew?.('Bearer alice until later')
  expect(session.expiresAt).toEqual(LATER)
  expect(onRenewed).toHaveBeenCalledWith('alice until later')
})

test.each([
  ["another person's", 'bob until later', 'FORBIDDEN'],
  ['an invalid', 'mallory', 'UNAUTHENTICATED'],
  ['an empty', ' ', 'UNAUTHENTICATED'],
])('leaves the session unchanged after %s token', async (_name, token, code) => {
  const { authenticate } = authenticator()
  const onRenewed = vi.fn<(token: string) => void>()
  const session = renewable(await authenticate('alice'), authenticate, onRenewed)
  await expect(session.renew?.(token)).rejects.toMatchObject({ code })
  expect(session.expiresAt).toEqual(new Date(2026, 0))
  expect(session.viewer.userId).toBe('alice')
  expect(onRenewed).not.toHaveBeenCalled()
})

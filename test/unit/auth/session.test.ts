import { expect, test, vi } from 'vitest'
import type { Claims } from '../../../src/auth/claims.ts'
import { createAuthenticator, endOf, renewable } from '../../../src/auth/session.ts'
import type { Authenticator } from '../../../src/auth/session.ts'
import { ParleyError } from '../../../src/errors.ts'
import type { UserId } from '../../../src/ids.ts'
import { createKnownRevocations } from '../../harness/fixtures/known-revocations.ts'

const LATER = new Date(2027, 0)
const UNMARKED = { tokenId: undefined, statedIssuedAt: new Date(0) }

/** Accepts the tokens "name" and "name until later". */
function authenticator(
  provision: (claims: Claims) => Promise<void> = async () => undefined,
  revocations = createKnownRevocations(),
): Authenticator {
  return createAuthenticator({
    provision,
    revocations,
    verifier: {
      async verify(token) {
        const [name = '', until] = token.split(' until ')
        if (name === 'mallory') throw new ParleyError('UNAUTHENTICATED', 'The token is malformed.')
        const expiresAt = until === undefined ? new Date(2026, 0) : LATER
        return {
          userId: name as UserId,
          name,
          avatarUrl: null,
          issuedAt: new Date(0),
          ...UNMARKED,
          expiresAt,
        }
      },
    },
  })
}

test('provisions the user of a valid token only', async () => {
  const provision = vi.fn<(claims: Claims) => Promise<void>>(async () => undefined)
  const { authenticate } = authenticator(provision)
  const session = await authenticate('alice')
  expect(session).toMatchObject({
    viewer: { userId: 'alice', name: 'alice', avatarUrl: null },
    expiresAt: new Date(2026, 0),
    renew: undefined,
  })
  expect(session.isRevoked()).toBe(false)
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

test('rejects a revoked token, and neither creates nor changes its user', async () => {
  const revocations = createKnownRevocations()
  const provision = vi.fn<(claims: Claims) => Promise<void>>(async () => undefined)
  const { authenticate } = authenticator(provision, revocations)
  revocations.revoke(({ userId }) => userId === 'alice')
  await expect(authenticate('alice')).rejects.toMatchObject({
    code: 'UNAUTHENTICATED',
    message: 'The token was revoked. Sign in again.',
  })
  expect(provision).not.toHaveBeenCalled()
  expect((await authenticate('bob')).viewer.userId).toBe('bob')
})

test('rejects a token that is revoked while its user is provisioned', async () => {
  const revocations = createKnownRevocations()
  const { authenticate } = authenticator(async () => revocations.revoke(() => true), revocations)
  await expect(authenticate('alice')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
})

test('a renewed session is revoked with its new token, not with its first', async () => {
  const revocations = createKnownRevocations()
  const { authenticate } = authenticator(undefined, revocations)
  const session = renewable(await authenticate('alice'), authenticate, () => undefined)
  expect(endOf(session, 0)).toBeUndefined()
  await session.renew?.('alice until later')
  expect(session.isRevoked()).toBe(false)
  revocations.revoke(({ userId }) => userId === 'alice')
  expect(endOf(session, 0)).toBe('revoked')
})

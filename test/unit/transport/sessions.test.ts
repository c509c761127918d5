import { expect, test, vi } from 'vitest'
import { CLOCK_TOLERANCE_S } from '../../../src/auth/tokens.ts'
import type { Session } from '../../../src/auth/session.ts'
import { ParleyError } from '../../../src/errors.ts'
import type { UserId } from '../../../src/ids.ts'
import { SocketSessions } from '../../../src/transport/websocket/sessions.ts'

type Setup = Readonly<{
  sessions: SocketSessions
  verified: string[]
  /** Users whose tokens are revoked. */
  revoked: Set<string>
  onAuthenticated: () => void
}>

/** Tokens are "name:number". The number is the second in which they expire. */
function setup(): Setup {
  const verified: string[] = []
  const revoked = new Set<string>()
  const onAuthenticated = vi.fn<() => void>()
  async function authenticate(token: string): Promise<Session> {
    verified.push(token)
    await Promise.resolve()
    const [name = '', expiry = ''] = token.split(':')
    if (expiry === '') throw new ParleyError('UNAUTHENTICATED', 'The token is malformed.')
    return {
      viewer: { userId: name as UserId, name, avatarUrl: null },
      token: { userId: name as UserId, tokenId: undefined, statedIssuedAt: undefined },
      expiresAt: expiry === 'never' ? undefined : new Date((Number(expiry) - CLOCK_TOLERANCE_S) * 1_000),
      isRevoked: () => revoked.has(name),
      renew: undefined,
    }
  }
  return {
    sessions: new SocketSessions({ authenticate }, { onAuthenticated }),
    verified,
    revoked,
    onAuthenticated,
  }
}

test('a connection without a token has no session, and an operation with a token has its own', async () => {
  const { sessions } = setup()
  expect((await sessions.use(undefined)).session).toBeUndefined()
  expect((await sessions.use('bob:never')).session?.viewer.userId).toBe('bob')
  expect((await sessions.use(undefined)).session).toBeUndefined()
})

test("an operation with the connection's token shares its session, verified once", async () => {
  const { sessions, verified } = setup()
  await sessions.open('alice:100')
  const [own, brought] = [await sessions.use(undefined), await sessions.use('alice:100')]
  expect(brought.session).toBe(own.session)
  expect(verified).toEqual(['alice:100'])
})

test('verifies a token once for operations that bring it at the same time', async () => {
  const { sessions, verified } = setup()
  const leases = await Promise.all([1, 2, 3].map(async () => await sessions.use('bob:100')))
  expect(new Set(leases.map(({ session }) => session)).size).toBe(1)
  expect(verified).toEqual(['bob:100'])
})

test("keeps a session while an operation runs with it, and the connection's own until the end", async () => {
  const { sessions } = setup()
  await sessions.open('alice:200')
  const [first, second] = [await sessions.use('bob:100'), await sessions.use('bob:100')]
  expect([sessions.endOfAny(99_000), sessions.endOfAny(100_000)]).toEqual([undefined, 'expired'])
  first.dispose()
  first.dispose()
  expect(sessions.endOfAny(100_000)).toBe('expired')
  second.dispose()
  expect(sessions.endOfAny(100_000)).toBeUndefined()
  ;(await sessions.use('alice:200')).dispose()
  expect(sessions.endOfAny(200_000)).toBe('expired')
})

test('verifies a token again after its session was disposed of', async () => {
  const { sessions, verified } = setup()
  ;(await sessions.use('bob:100')).dispose()
  await sessions.use('bob:100')
  expect(verified).toEqual(['bob:100', 'bob:100'])
})

test('keeps nothing of a token that was rejected', async () => {
  const { sessions, verified, onAuthenticated } = setup()
  await expect(sessions.use('rubbish')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  await expect(sessions.open('rubbish')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  expect(verified).toEqual(['rubbish', 'rubbish'])
  expect(onAuthenticated).not.toHaveBeenCalled()
  expect(sessions.endOfAny(Number.MAX_SAFE_INTEGER)).toBeUndefined()
})

test('after a renewal the new token identifies the session and the old one does not', async () => {
  const { sessions, verified } = setup()
  await sessions.open('alice:100')
  const { session } = await sessions.use(undefined)
  await session?.renew?.('alice:200')
  expect([sessions.endOfAny(150_000), sessions.endOfAny(200_000)]).toEqual([undefined, 'expired'])
  expect((await sessions.use('alice:200')).session).toBe(session)
  expect(verified).toEqual(['alice:100', 'alice:200'])
  expect((await sessions.use('alice:100')).session).not.toBe(session)
  expect(sessions.endOfAny(150_000)).toBe('expired')
})

test('a session ends when its token is revoked, that of the connection or of an operation', async () => {
  const { sessions, revoked } = setup()
  await sessions.open('alice:never')
  const { dispose } = await sessions.use('bob:never')
  revoked.add('bob')
  expect(sessions.endOfAny(0)).toBe('revoked')
  dispose()
  expect(sessions.endOfAny(0)).toBeUndefined()
  revoked.add('alice')
  expect(sessions.endOfAny(0)).toBe('revoked')
})

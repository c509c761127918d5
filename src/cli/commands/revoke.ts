import { createRevocationCommands, type Revocation } from '../../auth/revocation-commands.ts'
import type { RevocationCommands } from '../../auth/revocation-commands.ts'
import type { UserId } from '../../ids.ts'
import type { RunCommand } from '../process.ts'
import { openOperatorDatabase } from './operator-database.ts'
import { stoppable } from './stoppable.ts'
import { withDatabase } from './with-database.ts'

/** `keepS`: how long the tokens stay revoked, in seconds. */
export type RevokeRequest = Readonly<
  | { type: 'user'; userId: string; issuedBefore: Date | undefined; keepS: number }
  | { type: 'token'; tokenId: string; keepS: number }
  | { type: 'list' }
>

/** Revokes tokens on every gateway of this database, or prints what is revoked. */
export const revoke: RunCommand<RevokeRequest> = async (process, request) => {
  await stoppable(process, 'It is unknown whether the tokens are revoked. Use --list.', async (signal) => {
    await using database = await openOperatorDatabase({ env: process.env, signal, needs: 'existing' })
    await withDatabase(database.url, async ({ durableWriter }) => {
      const commands = createRevocationCommands({ writer: durableWriter })
      for (const line of await carryOut(request, commands)) process.print(line)
      // Tokens of a user who never came may be revoked. A mistaken id would leave those that were meant.
      if (request.type === 'user' && !(await commands.hasSignedIn(request.userId as UserId)))
        process.notice(unknownUser(request.userId))
    })
  })
  return 0
}

function unknownUser(userId: string): string {
  return (
    `No user with the id ${userId} has signed in yet. ` +
    'If one has, use the claim "sub" of their tokens, which is alice for user_alice of the API.'
  )
}

async function carryOut(request: RevokeRequest, commands: RevocationCommands): Promise<readonly string[]> {
  switch (request.type) {
    case 'list': {
      const revocations = await commands.list()
      return revocations.length === 0 ? ['No token is revoked.'] : revocations.map(describe)
    }
    case 'user': {
      const { userId, issuedBefore, keepS } = request
      return done(await commands.revokeUser(userId as UserId, { issuedBefore, keepS }))
    }
    case 'token':
      return done(await commands.revokeToken(request.tokenId, { keepS: request.keepS }))
    default:
      return request satisfies never
  }
}

function done(revocation: Revocation): readonly string[] {
  return [describe(revocation), 'Every gateway applies it within a second, also to open connections.']
}

function describe(revocation: Revocation): string {
  const until = `until ${revocation.expiresAt.toISOString()}`
  if (revocation.type === 'token') return `token ${revocation.tokenId}, ${until}`
  return `user ${revocation.userId}, tokens issued before ${revocation.issuedBefore.toISOString()}, ${until}`
}

import { createRevocationCommands, type Revocation } from '../../auth/revocation-commands.ts'
import type { RevocationCommands } from '../../auth/revocation-commands.ts'
import type { UserId } from '../../ids.ts'
import { codeOf } from '../../lib/error-info.ts'
import { ensurePrismaClient } from '../../store/migrations/ensure-prisma-client.ts'
import { createLogger } from '../../telemetry/logger.ts'
import { createMetrics } from '../../telemetry/metrics.ts'
import type { RunCommand } from '../process.ts'
import { openOperatorDatabase } from './operator-database.ts'
import { stoppable } from './stoppable.ts'

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
    const lines = await withCommands(database.url, (commands) => carryOut(request, commands))
    for (const line of lines) process.print(line)
  })
  return 0
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

async function withCommands<Result>(
  writerUrl: string,
  work: (commands: RevocationCommands) => Promise<Result>,
): Promise<Result> {
  await ensurePrismaClient()
  const { createDatabase } = await import('../../store/database.ts')
  const logger = createLogger({ level: 'silent', pretty: false })
  const database = createDatabase({ writerUrl, logger, metrics: createMetrics(), poolSize: 1 })
  try {
    await database.start()
    return await work(createRevocationCommands({ writer: database.durableWriter }))
  } catch (error) {
    throw codeOf(error) === UNDEFINED_TABLE ? new Error(NOT_MIGRATED, { cause: error }) : error
  } finally {
    await database.stop()
  }
}

const UNDEFINED_TABLE = '42P01'
const NOT_MIGRATED = 'The database has no table for revoked tokens yet. Run "parley migrate" first.'

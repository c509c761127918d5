import { codeOf } from '../../lib/error-info.ts'
import type { Database } from '../../store/database.ts'
import { ensurePrismaClient } from '../../store/migrations/ensure-prisma-client.ts'
import { createLogger } from '../../telemetry/logger.ts'
import { createMetrics } from '../../telemetry/metrics.ts'

/** Connects to the primary for one piece of work. Rejects with a hint if the database is not migrated. */
export async function withDatabase<Result>(
  writerUrl: string,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  await ensurePrismaClient()
  const { createDatabase } = await import('../../store/database.ts')
  const logger = createLogger({ level: 'silent', pretty: false })
  const database = createDatabase({ writerUrl, logger, metrics: createMetrics(), poolSize: 1 })
  try {
    await database.start()
    return await work(database)
  } catch (error) {
    throw codeOf(error) === UNDEFINED_TABLE ? new Error(NOT_MIGRATED, { cause: error }) : error
  } finally {
    await database.stop()
  }
}

const UNDEFINED_TABLE = '42P01'
const NOT_MIGRATED = 'The database has no table for this command yet. Run "parley migrate" first.'

import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaClient } from '../generated/client.ts'
import type { ConnectionPool } from './connection-pool.ts'

/** A prepared statement costs memory in every session of the server. Beyond this number none are prepared. */
const MAX_PREPARED = 500

/** A Prisma client on the pool's connections. Disconnecting it does not close the pool. */
export function createPrismaClient(pool: ConnectionPool): PrismaClient {
  const adapter = new PrismaPg(pool, { statementNameGenerator: createStatementNames() })
  // The full format quotes the arguments of a failed query, which include users' messages.
  return new PrismaClient({ adapter, errorFormat: 'minimal' })
}

/** Returns one name per SQL text, or '' beyond the limit: then it is not prepared. Prisma prepares only named SQL. */
export function createStatementNames(limit = MAX_PREPARED): (query: Readonly<{ sql: string }>) => string {
  const names = new Map<string, string>()
  return ({ sql }) => {
    const known = names.get(sql)
    if (known !== undefined || names.size >= limit) return known ?? ''
    const name = `prisma_${names.size}`
    names.set(sql, name)
    return name
  }
}

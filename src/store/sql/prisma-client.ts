import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaClient } from '../generated/client.ts'
import type { ConnectionPool } from './connection-pool.ts'

/** A prepared statement costs the server memory in every session; rare shapes of queries go without. */
const MAX_PREPARED = 500

/** A Prisma client on the pool's connections. Disconnecting it leaves the pool as it is. */
export function createPrismaClient(pool: ConnectionPool): PrismaClient {
  const adapter = new PrismaPg(pool, { statementNameGenerator: createStatementNames() })
  // The full format quotes the arguments of a failed query, and those are what people wrote to each other.
  return new PrismaClient({ adapter, errorFormat: 'minimal' })
}

/** Gives the same SQL the same name; '' means not to prepare it. Without names, Prisma prepares nothing. */
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

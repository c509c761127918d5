import type { PoolClient } from 'pg'
import type { ConnectionPool } from './connection-pool.ts'
import type { Prisma, PrismaClient } from '../generated/client.ts'
import { runStatement, type Statement } from './statement.ts'

/** One transaction, through Prisma and through SQL. Use it for one thing at a time, and not after it ended. */
export type Transaction = Readonly<{
  prisma: Prisma.TransactionClient
  query<Row>(statement: Statement, values?: readonly unknown[]): Promise<readonly Row[]>
}>

/** How long to wait for a connection, and for the whole of the work: an operation has to answer within 10 s. */
const LIMITS = { maxWait: 2_000, timeout: 7_000 }

/**
 * Runs `work` in a transaction that commits when it resolves and rolls back when it rejects. Prisma begins and ends
 * it, on a connection from the pool, and our own SQL runs on that same connection.
 */
export async function runTransaction<Result>(
  pool: ConnectionPool,
  prisma: PrismaClient,
  work: (tx: Transaction) => Promise<Result>,
): Promise<Result> {
  let client: PoolClient | undefined
  const remember = (borrowed: PoolClient) => {
    client = borrowed
  }
  return pool.observe(remember, () =>
    prisma.$transaction((tx) => {
      if (client === undefined) throw new Error('Prisma began a transaction without the pool')
      const connection = client
      return work({
        prisma: tx,
        query: (statement, values = []) => runStatement(connection, statement, values),
      })
    }, LIMITS),
  )
}

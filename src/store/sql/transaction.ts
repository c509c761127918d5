import type { PoolClient } from 'pg'
import type { ConnectionPool } from './connection-pool.ts'
import type { Prisma, PrismaClient } from '../generated/client.ts'
import { runStatement, type Statement } from './statement.ts'

/** One transaction, for Prisma and SQL. Not for concurrent statements, nor for use after its end. */
export type Transaction = Readonly<{
  prisma: Prisma.TransactionClient
  query<Row>(statement: Statement, values?: readonly unknown[]): Promise<readonly Row[]>
}>

/** The limits for getting a connection and for the work, in milliseconds. An operation must answer within 10 s. */
const LIMITS = { maxWait: 2_000, timeout: 7_000 }

/**
 * Runs `work` in a transaction that commits if it resolves and rolls back if it rejects. Prisma begins and ends the
 * transaction on a connection of the pool, and SQL runs on the same connection.
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
      if (client === undefined)
        throw new Error('Prisma began a transaction on a connection that is not from the pool')
      const connection = client
      return work({
        prisma: tx,
        query: (statement, values = []) => runStatement(connection, statement, values),
      })
    }, LIMITS),
  )
}

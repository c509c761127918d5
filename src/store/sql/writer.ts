import type { ConnectionPool } from './connection-pool.ts'
import type { PrismaClient } from '../generated/client.ts'
import type { Statement } from './statement.ts'
import { runTransaction, type Transaction } from './transaction.ts'

/** Reads and writes on the primary. For its errors see `classifyDatabaseError`. */
export type Writer = Readonly<{
  prisma: PrismaClient
  /** Runs one statement. Resolves when it is committed. */
  query<Row>(statement: Statement, values?: readonly unknown[]): Promise<readonly Row[]>
  /** Runs `work` in a transaction. Resolves when it is committed; if `work` rejects, the transaction is rolled back. */
  transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result>
}>

/** `require` is called before each operation, and rejects it by throwing. */
export function createWriter(
  pool: ConnectionPool,
  prisma: PrismaClient,
  require: () => void = () => undefined,
): Writer {
  return {
    prisma,
    async query(statement, values = []) {
      require()
      return pool.run(statement, values)
    },
    async transaction(work) {
      require()
      return runTransaction(pool, prisma, work)
    },
  }
}

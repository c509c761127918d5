import type { ConnectionPool } from './connection-pool.ts'
import type { PrismaClient } from './generated/client.ts'
import type { Statement } from './statement.ts'
import { runTransaction, type Transaction } from './transaction.ts'

export type { Transaction }

/** The primary: what is true, and the only way to change it. What it throws: see `classifyDatabaseError`. */
export type Writer = Readonly<{
  prisma: PrismaClient
  /** Runs one statement, committed when this resolves. */
  query<Row>(statement: Statement, values?: readonly unknown[]): Promise<readonly Row[]>
  /** Commits what `work` did, all of it, before this resolves; rolls it back where `work` rejects. */
  transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result>
}>

export function createWriter(pool: ConnectionPool, prisma: PrismaClient): Writer {
  return {
    prisma,
    query: (statement, values = []) => pool.run(statement, values),
    transaction: (work) => runTransaction(pool, prisma, work),
  }
}

import type { ConnectionPool } from './connection-pool.ts'
import type { PrismaClient } from '../generated/client.ts'
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

/** `require` is asked before each piece of work, and refuses it by throwing. */
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

import type { ConnectionPool } from './connection-pool.ts'
import type { Prisma, PrismaClient } from './generated/client.ts'
import type { Statement } from './statement.ts'
import { runTransaction } from './transaction.ts'

type ReadOperation =
  | 'findUnique'
  | 'findUniqueOrThrow'
  | 'findFirst'
  | 'findFirstOrThrow'
  | 'findMany'
  | 'count'
  | 'aggregate'
  | 'groupBy'

/** Prisma with nothing in it that writes, or that could be told to. */
export type ReadClient = {
  readonly [Model in Uncapitalize<Prisma.ModelName>]: Readonly<Pick<PrismaClient[Model], ReadOperation>>
}

/** The database as of one moment. */
export type Snapshot = Readonly<{
  prisma: ReadClient
  /** Runs one statement; rejects (SQLSTATE 25006) if it writes. */
  query<Row>(statement: Statement, values?: readonly unknown[]): Promise<readonly Row[]>
}>

/**
 * Reads, and can't write, by its type and by its sessions alike, also while it reads from the primary. Two reads may
 * see two moments; those of one `snapshot` see the same.
 */
export type Reader = Snapshot &
  Readonly<{
    /** Runs `work` in one transaction, which keeps a connection for as long as it takes. */
    snapshot<Result>(work: (snapshot: Snapshot) => Promise<Result>): Promise<Result>
  }>

/** The pool has to be one whose sessions only read, and by snapshot. */
export function createReader(pool: ConnectionPool, prisma: PrismaClient): Reader {
  return {
    prisma,
    query: (statement, values = []) => pool.run(statement, values),
    snapshot: (work) => runTransaction(pool, prisma, work),
  }
}

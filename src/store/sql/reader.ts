import type { Prisma, PrismaClient } from '../generated/client.ts'
import type { ConnectionPool } from './connection-pool.ts'
import type { Statement } from './statement.ts'
import { runTransaction } from './transaction.ts'

/** Connections to one server, for SQL and for Prisma. */
export type Source = Readonly<{ pool: ConnectionPool; prisma: PrismaClient }>

/** Chooses a server for each read and runs the read on it. If a replica fails, the read is repeated on the primary. */
export type ReadRoutes = <Result>(read: (source: Source) => Promise<Result>) => Promise<Result>

type ReadOperation =
  | 'findUnique'
  | 'findUniqueOrThrow'
  | 'findFirst'
  | 'findFirstOrThrow'
  | 'findMany'
  | 'count'
  | 'aggregate'
  | 'groupBy'

/** Prisma's read operations, and nothing that can write. */
export type ReadClient = {
  readonly [Model in Uncapitalize<Prisma.ModelName>]: Readonly<Pick<PrismaClient[Model], ReadOperation>>
}

/** One snapshot of the database. */
export type Snapshot = Readonly<{
  prisma: ReadClient
  /** Runs one statement; rejects (SQLSTATE 25006) if it writes. */
  query<Row>(statement: Statement, values?: readonly unknown[]): Promise<readonly Row[]>
}>

/**
 * Cannot write, by its type and by its sessions, even when it reads from the primary. Two reads may see different
 * snapshots; the reads within one `snapshot` see the same.
 */
export type Reader = Snapshot &
  Readonly<{
    /** Runs `work` in one transaction, which holds a connection until it ends. */
    snapshot<Result>(work: (snapshot: Snapshot) => Promise<Result>): Promise<Result>
  }>

/** `routed` chooses the server of each read. The sessions of its pools must be read-only, with snapshot isolation. */
export function createReader(routed: ReadRoutes): Reader {
  return {
    prisma: routedPrisma(routed),
    query: (statement, values = []) => routed(({ pool }) => pool.run(statement, values)),
    snapshot: (work) => routed(({ pool, prisma }) => runTransaction(pool, prisma, work)),
  }
}

type Operation = (args: unknown) => Promise<unknown>

/** Sends each call, such as `prisma.user.findMany(…)`, to the Prisma client of the server that `routed` chooses. */
function routedPrisma(routed: ReadRoutes): ReadClient {
  const models = new Proxy<object>(
    {},
    {
      get: (_, model) =>
        new Proxy<object>(
          {},
          {
            get: (_models, operation) => (args: unknown) =>
              routed(({ prisma }) => {
                const delegate = Reflect.get(prisma, model) as Readonly<Record<string | symbol, Operation>>
                return delegate[operation]?.(args) ?? Promise.reject(new TypeError(`No ${String(operation)}`))
              }),
          },
        ),
    },
  )
  return models as ReadClient
}

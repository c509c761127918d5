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

/** The pools have to be ones whose sessions only read, and by snapshot. Where each read is made, `routed` decides. */
export function createReader(routed: ReadRoutes): Reader {
  return {
    prisma: routedPrisma(routed),
    query: (statement, values = []) => routed(({ pool }) => pool.run(statement, values)),
    snapshot: (work) => routed(({ pool, prisma }) => runTransaction(pool, prisma, work)),
  }
}

type Operation = (args: unknown) => Promise<unknown>

/** Prisma's reads, each on the client of the server that it is given: `prisma.user.findMany(…)` and so on. */
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

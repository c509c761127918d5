import type { Logger } from 'pino'
import { ConnectionPool } from './connection-pool.ts'
import { createPrismaClient } from './prisma-client.ts'
import { createReader, type Reader } from './reader.ts'
import { createWriter, type Writer } from './writer.ts'

export type DatabaseOptions = Readonly<{
  writerUrl: string
  /** Where to read what may be a little old; default: the primary. */
  readerUrl?: string
  logger: Pick<Logger, 'warn'>
  /** Connections of the writer, and as many of the reader. Default: 10. */
  poolSize?: number
  /** For each statement; default 7 s, which with 2 s for a connection keeps an operation below 10 s. */
  queryDeadlineMs?: number
}>

export type Database = Readonly<{
  writer: Writer
  reader: Reader
  /** Rejects unless the database answers. */
  start(): Promise<void>
  /** Lets what is running end, and closes all connections. What still waits for one is refused. */
  stop(): Promise<void>
  /** Rejects unless writer and reader both answer; takes 9 s at most. */
  ping(): Promise<void>
  /** Statements that wait for a connection. */
  waiting(): number
}>

const PING = { name: 'ping', text: 'SELECT 1' }

/**
 * The way to the database: a writer and a reader, each with connections of its own. Nothing connects before `start`
 * or the first use; a database that goes away and comes back is found again without a restart.
 */
export function createDatabase(options: DatabaseOptions): Database {
  const { writerUrl, readerUrl = writerUrl, logger, poolSize: size = 10, queryDeadlineMs = 7_000 } = options
  const common = { size, queryDeadlineMs, logger }
  const pools = [
    new ConnectionPool({ ...common, url: writerUrl, name: 'parley-writer', isReadOnly: false }),
    new ConnectionPool({ ...common, url: readerUrl, name: 'parley-reader', isReadOnly: true }),
  ] as const
  const clients = [createPrismaClient(pools[0]), createPrismaClient(pools[1])] as const

  async function ping(): Promise<void> {
    await Promise.all(pools.map((pool) => pool.run(PING, [])))
  }

  // The pools first, which wait; Prisma would roll back the transactions that are open.
  async function close(): Promise<void> {
    await Promise.all(pools.map((pool) => pool.end()))
    await Promise.all(clients.map((client) => client.$disconnect()))
  }

  let stopped: Promise<void> | undefined
  return {
    writer: createWriter(pools[0], clients[0]),
    reader: createReader(pools[1], clients[1]),
    start: ping,
    stop: () => (stopped ??= close()),
    ping,
    waiting: () => pools.reduce((sum, { waitingCount }) => sum + waitingCount, 0),
  }
}

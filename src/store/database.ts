import type { ReplicationPolicy } from '../config/config.ts'
import { hostUrls } from '../config/connection-url.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { ConnectionPool, type ConnectionPoolOptions, type ConnectionTarget } from './sql/connection-pool.ts'
import { createPrimary, type Primary } from './failover/primary.ts'
import type { DatabaseClock } from './failover/database-clock.ts'
import { createPrismaClient } from './sql/prisma-client.ts'
import { type ReplicaSource, createReadRoutes } from './replicas/read-routes.ts'
import { createReader, type Reader, type Source } from './sql/reader.ts'
import { createReplica } from './replicas/replica.ts'
import { replicationRisk, requireReplication } from './sql/replication-policy.ts'
import { createServerProbe, type ServerProbe } from './failover/server-probe.ts'
import { createTimelineFence, type TimelineFence } from './failover/timeline-fence.ts'
import { createTimelineRecord } from './failover/timeline-record.ts'
import { createViewerMarks, type SharedMarks, type ViewerMarks } from './replicas/viewer-marks.ts'
import { createWriterTarget } from './failover/writer-target.ts'
import type { StatementCall } from './sql/statement.ts'
import { createWriter, type Writer } from './sql/writer.ts'

export type DatabaseOptions = Readonly<{
  /** The primary. If the URL names several hosts, the one that accepts writes. */
  writerUrl: string
  /** Learns the time of the primary. Default: nothing does. */
  clock?: Pick<DatabaseClock, 'observe'>
  /** Standbys for reads that may be slightly stale. Default: all reads go to the primary. */
  replicaUrls?: readonly string[]
  /** Default: available. */
  replicationPolicy?: ReplicationPolicy
  /** Shared by all gateways. Default: this gateway's own knowledge. */
  fence?: TimelineFence
  sharedMarks?: SharedMarks
  logger: Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>
  metrics: Metrics
  /** Connections for writes, and as many for reads per server. The operator's connection is extra. Default: 10. */
  poolSize?: number
  /** Per statement. Default: 7 s. Callers that must answer sooner have a deadline of their own. */
  queryDeadlineMs?: number
  /**
   * Statements whose first use must not be slow, with values for which they do nothing. Each connection for writes runs
   * them before its first use, and a few of these connections are opened by `start` and stay open.
   */
  warmUp?: readonly StatementCall[]
}>

export type Database = Readonly<{
  writer: Writer
  /** For writes that are confirmed to users as stored. Rejects while the replication policy forbids them. */
  durableWriter: Writer
  /** Has a connection of its own, so that an operator's command works while all others are in use. */
  operatorWriter: Pick<Writer, 'query'>
  reader: Reader
  /** How fresh each viewer's reads must be. Undefined if there is no server to read from but the primary. */
  marks: ViewerMarks | undefined
  /** A sentence about the data that the loss of the primary would cost. Undefined: none. */
  replicationRisk(): string | undefined
  /** Rejects if the database does not answer. */
  start(): Promise<void>
  /** Waits for statements in progress, rejects those that wait for a connection, and closes all connections. */
  stop(): Promise<void>
  /** Rejects unless writer and reader both answer. Takes at most 11 s. */
  ping(): Promise<void>
  /** The number of statements that wait for a connection. */
  waitingStatements(): number
}>

/** The connections for writes that stay open. */
const WARM_CONNECTIONS = 4
const PING = { name: 'ping', text: 'SELECT 1' }

/**
 * A writer and a reader with separate connections. Nothing connects before `start` or the first use. After an outage or
 * a failover to another host, both work again without a restart.
 */
export function createDatabase(options: DatabaseOptions): Database {
  const { writerUrl, logger, metrics, poolSize: size = 10, queryDeadlineMs = 7_000 } = options
  const { fence = createTimelineFence(), replicationPolicy = 'available' } = options
  const { clock = { observe: () => undefined } } = options
  const urls = hostUrls(writerUrl)
  const probes = urls.map(createServerProbe)
  const primary = createPrimary({ probes, fence, clock, logger, metrics })
  const target = createWriterTarget(urls, primary, fence)
  const sources: Source[] = []

  function open(
    name: string,
    isReadOnly: boolean,
    url: string,
    to: ConnectionTarget,
    maxSize = size,
    warmth: Pick<ConnectionPoolOptions, 'warmUp' | 'minSize'> = {},
  ): Source {
    const pool = new ConnectionPool({
      url,
      target: to,
      name,
      isReadOnly,
      size: maxSize,
      queryDeadlineMs,
      ...warmth,
      logger,
    })
    const source = { pool, prisma: createPrismaClient(pool) }
    sources.push(source)
    return source
  }

  const [firstUrl = ''] = urls
  const { warmUp = [] } = options
  const minSize = warmUp.length === 0 ? 0 : Math.min(size, WARM_CONNECTIONS)
  const forWrites = open('parley-writer', false, firstUrl, target, size, { warmUp, minSize })
  const forReads = open('parley-reader', true, firstUrl, target)

  const forOperator = open('parley-operator', false, firstUrl, target, 1)

  const record = createTimelineRecord({ primary, probes, logger })
  function follow(url: string, probe: ServerProbe, index: number): ReplicaSource {
    const name = `replica-${index + 1}`
    const replica = createReplica({ name, url, probe, history: record, logger })
    return { replica, source: open(`parley-${name}`, true, url, replica.target) }
  }
  const replicas = (options.replicaUrls ?? []).map((url, index) => follow(url, createServerProbe(url), index))
  const fallbacks =
    urls.length === 1
      ? []
      : urls.map((url, index) => follow(url, createServerProbe(url), replicas.length + index))
  const followers = [...replicas, ...fallbacks]

  const routed = createReadRoutes({
    primary: forReads,
    hasPrimary: () => primary.current() !== undefined,
    replicas,
    fallbacks,
    metrics,
  })

  async function ping(): Promise<void> {
    await Promise.all([forWrites, forReads].map(({ pool }) => pool.run(PING, [])))
  }

  /** Opens connections by using them at the same time. */
  async function openConnections(): Promise<void> {
    await Promise.all(Array.from({ length: minSize }, () => forWrites.pool.run(PING, [])))
  }

  async function start(): Promise<void> {
    await primary.start()
    if (followers.length > 0) record.start()
    for (const { replica } of followers) replica.start()
    await Promise.all([ping(), openConnections()])
  }

  // The pools first: they wait for open transactions, which Prisma's disconnect would roll back.
  async function close(): Promise<void> {
    await Promise.all(sources.map(({ pool }) => pool.end()))
    await Promise.all(sources.map(({ prisma }) => prisma.$disconnect()))
    await record.stop()
    await Promise.all(followers.map(({ replica }) => replica.stop()))
    await primary.stop()
  }

  let stopped: Promise<void> | undefined
  return {
    writer: createWriter(forWrites.pool, forWrites.prisma),
    durableWriter: createWriter(forWrites.pool, forWrites.prisma, () =>
      requireReplication(replicationPolicy, primary.lastState()),
    ),
    operatorWriter: createWriter(forOperator.pool, forOperator.prisma),
    reader: createReader(routed),
    marks: followers.length === 0 ? undefined : marksOf(primary, options.sharedMarks),
    replicationRisk: () => riskOf(primary),
    start,
    stop: () => (stopped ??= close()),
    ping,
    waitingStatements: () => sources.reduce((sum, { pool }) => sum + pool.waitingCount, 0),
  }
}

function marksOf(primary: Primary, shared: SharedMarks | undefined): ViewerMarks {
  return createViewerMarks({
    sample: async () => (await primary.readState()).position,
    lastKnownPosition: () =>
      primary.current() === undefined ? (primary.lastState()?.position ?? 0) : undefined,
    shared,
    now: () => performance.now(),
  })
}

function riskOf(primary: Primary): string | undefined {
  const state = primary.lastState()
  if (primary.current() === undefined) return 'No server accepts writes at present.'
  return state === undefined ? undefined : replicationRisk(state.replication)
}

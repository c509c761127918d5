import type { ReplicationPolicy } from '../config/config.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { ConnectionPool, type ConnectionPlace } from './sql/connection-pool.ts'
import { hostUrls } from './failover/host-urls.ts'
import { createPrimary, type Primary } from './failover/primary.ts'
import { createPrismaClient } from './sql/prisma-client.ts'
import { type Choice, createReadRoutes } from './replicas/read-routes.ts'
import { createReader, type Reader, type Source } from './sql/reader.ts'
import { createReplica } from './replicas/replica.ts'
import { replicationRisk, requireReplication } from './sql/replication-policy.ts'
import { createServerProbe, type ServerProbe } from './failover/server-probe.ts'
import { createTimelineFence, type TimelineFence } from './failover/timeline-fence.ts'
import { createTimelineRecord } from './failover/timeline-record.ts'
import { createViewerMarks, type SharedMarks, type ViewerMarks } from './replicas/viewer-marks.ts'
import { createWriterPlace } from './failover/writer-place.ts'
import { createWriter, type Writer } from './sql/writer.ts'

export type DatabaseOptions = Readonly<{
  /** The primary; several hosts in it: whichever of them takes writes. */
  writerUrl: string
  /** Where to read what may be a little old; default: the primary alone. */
  replicaUrls?: readonly string[]
  /** Default: available. */
  replicationPolicy?: ReplicationPolicy
  /** What gateways know together; default: each knows what it saw itself. */
  fence?: TimelineFence
  sharedMarks?: SharedMarks
  logger: Pick<Logger, 'info' | 'warn' | 'error'>
  metrics: Metrics
  /** Connections of the writer, and as many to read from each server, besides the operator's. Default: 10. */
  poolSize?: number
  /** For each statement; default 7 s, which with 2 s for a connection keeps an operation below 10 s. */
  queryDeadlineMs?: number
}>

export type Database = Readonly<{
  writer: Writer
  /** The writer for what people are told is stored; rejects while the replication policy says that it is not safe. */
  promisedWriter: Writer
  /** By a connection of its own: what the operator says is heard while everything else waits for one. */
  operatorsWriter: Pick<Writer, 'query'>
  reader: Reader
  /** How far each person's reads have to reach; undefined: there is nothing to read from but the primary. */
  marks: ViewerMarks | undefined
  /** What an operator should know about how safe commits are: a sentence, or undefined. */
  risk(): string | undefined
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
 * or the first use; a database that goes away and comes back, or takes writes on another of its hosts, is found again
 * without a restart.
 */
export function createDatabase(options: DatabaseOptions): Database {
  const { writerUrl, logger, metrics, poolSize: size = 10, queryDeadlineMs = 7_000 } = options
  const { fence = createTimelineFence(), replicationPolicy = 'available' } = options
  const urls = hostUrls(writerUrl)
  const probes = urls.map(createServerProbe)
  const primary = createPrimary({ probes, fence, logger, metrics })
  const place = createWriterPlace(urls, primary, fence)
  const sources: Source[] = []

  function open(name: string, isReadOnly: boolean, url: string, to: ConnectionPlace, atMost = size): Source {
    const pool = new ConnectionPool({
      url,
      place: to,
      name,
      isReadOnly,
      size: atMost,
      queryDeadlineMs,
      logger,
    })
    const source = { pool, prisma: createPrismaClient(pool) }
    sources.push(source)
    return source
  }

  const [firstUrl = ''] = urls
  const forWrites = open('parley-writer', false, firstUrl, place)
  const forReads = open('parley-reader', true, firstUrl, place)

  const forOperator = open('parley-operator', false, firstUrl, place, 1)

  const record = createTimelineRecord({ primary, probes, logger })
  function follow(url: string, probe: ServerProbe, index: number): Choice {
    const name = `replica-${index + 1}`
    const replica = createReplica({ name, url, probe, history: record, logger })
    return { replica, source: open(`parley-${name}`, true, url, replica.place) }
  }
  const replicas = (options.replicaUrls ?? []).map((url, index) => follow(url, createServerProbe(url), index))
  const standIns =
    urls.length === 1
      ? []
      : urls.map((url, index) => follow(url, createServerProbe(url), replicas.length + index))
  const followers = [...replicas, ...standIns]

  const routed = createReadRoutes({
    primary: forReads,
    hasPrimary: () => primary.current() !== undefined,
    replicas,
    standIns,
    metrics,
  })

  async function ping(): Promise<void> {
    await Promise.all([forWrites, forReads].map(({ pool }) => pool.run(PING, [])))
  }

  async function start(): Promise<void> {
    await primary.start()
    if (followers.length > 0) record.start()
    for (const { replica } of followers) replica.start()
    await ping()
  }

  // The pools first, which wait; Prisma would roll back the transactions that are open.
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
    promisedWriter: createWriter(forWrites.pool, forWrites.prisma, () =>
      requireReplication(replicationPolicy, primary.state()),
    ),
    operatorsWriter: createWriter(forOperator.pool, forOperator.prisma),
    reader: createReader(routed),
    marks: followers.length === 0 ? undefined : marksOf(primary, options.sharedMarks),
    risk: () => riskOf(primary),
    start,
    stop: () => (stopped ??= close()),
    ping,
    waiting: () => sources.reduce((sum, { pool }) => sum + pool.waitingCount, 0),
  }
}

function marksOf(primary: Primary, shared: SharedMarks | undefined): ViewerMarks {
  return createViewerMarks({
    sample: async () => (await primary.look()).position,
    lastKnownPosition: () => (primary.current() === undefined ? (primary.state()?.position ?? 0) : undefined),
    shared,
    now: () => performance.now(),
  })
}

function riskOf(primary: Primary): string | undefined {
  const state = primary.state()
  if (primary.current() === undefined) return 'No server takes writes at present.'
  return state === undefined ? undefined : replicationRisk(state.replication)
}

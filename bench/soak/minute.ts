import { readdirSync } from 'node:fs'
import { Redis } from 'ioredis'
import type { LoadProcess } from '../load/remote.ts'
import { type Observed, startInterval } from '../measure/interval.ts'
import { readMetrics } from '../peak/metrics.ts'
import { withClient } from '../servers/place.ts'
import type { System } from '../targets/target.ts'

/** The figures of one minute. Latencies are in milliseconds, and counts of messages are since the start. */
export type Minute = Readonly<{
  minute: number
  offered: number
  p50: number
  p99: number
  max: number
  refused: number
  redelivered: number
  repeated: number
  backwards: number
  reconnects: number
  /** Connections that a gateway closed. */
  closed: number
  /** Messages without an answer or an arrival at the end of the minute. */
  open: number
  lost: number
  heapMb: number
  residentMb: number
  connections: number
  descriptors: number
  redisMb: number
  redisKeys: number
  postgresClients: number
  databaseMb: number
  /** CPU time of the gateways for each message. */
  gatewayUs: number
  /** Share of the machine that other processes took. */
  others: number
}>

export type Watched = Readonly<{
  system: System
  load: LoadProcess
  observed: readonly Observed[]
  databaseUrl: string
}>

const [KB_PER_MB, BYTES_PER_MB, US_PER_MS] = [1_024, 1_048_576, 1_000]
const CLIENTS = `
  SELECT count(*)::int AS clients, pg_database_size(current_database())::float8 AS size
  FROM pg_stat_activity
  WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`

/** Runs the load for a minute or less, and samples at its end. */
export async function measureMinute(
  minute: number,
  { system, load, observed, databaseUrl }: Watched,
  rate: Readonly<{ seconds: number; perSecond: number }>,
): Promise<Minute> {
  const end = startInterval(observed)
  const { count, figures } = await load.run({ ...rate, inFlight: 1 })
  const { cpuMs, others } = end()
  const gatewayMs = system.gateways.reduce((sum, _, index) => sum + (cpuMs[`gateway ${index + 1}`] ?? 0), 0)
  return {
    ...(figures as Pick<Minute, LoadFigure>),
    ...(await sampleGateways(system)),
    ...(await sampleRedis(system.redis.url)),
    ...(await samplePostgres(databaseUrl)),
    minute,
    offered: count,
    gatewayUs: (gatewayMs * US_PER_MS) / count,
    others,
  }
}

type LoadFigure =
  | 'p50'
  | 'p99'
  | 'max'
  | 'refused'
  | 'redelivered'
  | 'repeated'
  | 'backwards'
  | 'reconnects'
  | 'closed'
  | 'open'
  | 'lost'

/** Collects garbage in all gateways before it reads their memory. */
async function sampleGateways({ gateways }: System) {
  const samples = await Promise.all(
    gateways.map(async ({ pid, adminPort, inside }) => {
      const { connections } = await readMetrics(adminPort)
      const { heapKb, residentKb } = await inside.memory()
      const descriptors = readdirSync(`/proc/${pid}/fd`).length
      return {
        connections,
        heapMb: heapKb / KB_PER_MB,
        residentMb: residentKb / KB_PER_MB,
        descriptors,
      }
    }),
  )
  const sum = (of: (sample: (typeof samples)[number]) => number): number =>
    samples.reduce((total, sample) => total + of(sample), 0)
  return {
    heapMb: sum(({ heapMb }) => heapMb),
    residentMb: sum(({ residentMb }) => residentMb),
    connections: sum(({ connections }) => connections),
    descriptors: sum(({ descriptors }) => descriptors),
  }
}

async function sampleRedis(url: string) {
  const redis = new Redis(url)
  try {
    const [memory, redisKeys] = await Promise.all([redis.info('memory'), redis.dbsize()])
    const used = Number(/^used_memory:(\d+)/m.exec(memory)?.[1] ?? NaN)
    return { redisMb: used / BYTES_PER_MB, redisKeys }
  } finally {
    redis.disconnect()
  }
}

async function samplePostgres(url: string) {
  const [row] = await withClient(
    url,
    async (client) => (await client.query<{ clients: number; size: number }>(CLIENTS)).rows,
  )
  return { postgresClients: row?.clients ?? NaN, databaseMb: (row?.size ?? NaN) / BYTES_PER_MB }
}

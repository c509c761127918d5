import type { Tolerance } from './flatness.ts'
import type { Minute } from './minute.ts'

/** A figure of each minute that must not grow. */
export type SoakSeries = Readonly<{
  key: keyof Minute
  title: string
  unit: string
  tolerance: Tolerance
}>

/** All figures of a soak. Sums are over all gateways. */
export const SERIES: readonly SoakSeries[] = [
  { key: 'heapMb', title: 'heap and buffers after GC', unit: 'MB', tolerance: { share: 0.1, least: 5 } },
  { key: 'residentMb', title: 'resident memory', unit: 'MB', tolerance: { share: 0.1, least: 20 } },
  { key: 'connections', title: 'connections', unit: '', tolerance: { share: 0.01, least: 2 } },
  { key: 'descriptors', title: 'file descriptors', unit: '', tolerance: { share: 0.02, least: 5 } },
  { key: 'redisMb', title: 'Redis memory', unit: 'MB', tolerance: { share: 0.1, least: 1 } },
  { key: 'redisKeys', title: 'Redis keys', unit: '', tolerance: { share: 0.02, least: 10 } },
  { key: 'postgresClients', title: 'PostgreSQL clients', unit: '', tolerance: { share: 0.1, least: 2 } },
  { key: 'p50', title: 'send → receive p50', unit: 'ms', tolerance: { share: 0.3, least: 1 } },
  { key: 'p99', title: 'send → receive p99', unit: 'ms', tolerance: { share: 0.3, least: 5 } },
]

import type { Schema } from '../api/schema.ts'
import type { Config } from '../config/config.ts'
import type { Secrets } from '../config/secrets.ts'
import { elapsedMs, systemClock } from '../lib/clock.ts'
import { WINDOW_MS } from '../presence/store/presence-store.ts'
import { APPEND_WARM_UP } from '../messages/append-store.ts'
import { createDatabaseClock } from '../store/failover/database-clock.ts'
import { createDatabase, type Database } from '../store/database.ts'
import type { Logger } from '../telemetry/logger.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { createIntake } from '../transport/pipeline/intake.ts'
import { createMemoryBackplane, createRedisBackplane } from './backplane.ts'
import type { Overrides, PresenceSettings } from './overrides.ts'

/** Used by every domain: the configuration, the database, and the connection to the other gateways. */
export type Foundation = ReturnType<typeof createFoundation>

const PRESENCE: PresenceSettings = { windowMs: WINDOW_MS, isPaused: () => false }

export function createFoundation(config: Config, secrets: Secrets, logger: Logger, overrides: Overrides) {
  if (secrets.databaseUrl === undefined) throw new Error('createParley needs secrets.databaseUrl')
  const databaseClock = createDatabaseClock(elapsedMs, systemClock)
  const clock = overrides.clock ?? databaseClock
  const metrics = createMetrics()
  metrics.startDefaults()
  const presence = { ...PRESENCE, ...overrides.presence }
  const backplane =
    config.bus.type === 'redis'
      ? createRedisBackplane(config, secrets, logger, presence)
      : createMemoryBackplane(config, logger, overrides, { ...presence, clock })
  const database: Database = createDatabase({
    writerUrl: secrets.databaseUrl,
    clock: databaseClock,
    replicaUrls: secrets.replicaUrls,
    replicationPolicy: config.replicationPolicy,
    ...backplane.shared,
    warmUp: APPEND_WARM_UP,
    logger,
    metrics,
  })
  return {
    config,
    secrets,
    logger,
    metrics,
    clock,
    database,
    backplane,
    presence,
    intake: createIntake(),
    adaptSchema: overrides.adaptSchema ?? ((schema: Schema) => schema),
  }
}

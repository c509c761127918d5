import type { Bus } from '../bus/bus.ts'
import { createMemoryBus } from '../bus/memory-bus.ts'
import { createRedisBus } from '../bus/redis-bus.ts'
import type { Config } from '../config/config.ts'
import type { Secrets } from '../config/secrets.ts'
import { type BusHealth, createBusHealth } from '../gateway/bus-health.ts'
import type { Resync } from '../gateway/resync.ts'
import { type Clock, elapsedMs } from '../lib/clock.ts'
import { createMemoryPresence, createMemoryPresenceStore } from '../presence/store/memory-presence-store.ts'
import type { PresenceStore } from '../presence/store/presence-store.ts'
import { createRedisPresenceStore } from '../presence/store/redis-presence-store.ts'
import type { RateLimits } from '../quotas/rate-limits.ts'
import { createSharedLimits, type SharedLimits } from '../quotas/shared-limits.ts'
import { connectRedis } from '../redis/redis-connection.ts'
import { createMemorySessionRegistry } from '../sessions/memory-session-registry.ts'
import { createRedisSessionRegistry } from '../sessions/redis-session-registry.ts'
import type { SessionRegistry } from '../sessions/session-registry.ts'
import type { TimelineFence } from '../store/failover/timeline-fence.ts'
import { createRedisFence, createRedisMarks } from '../store/redis-marks.ts'
import type { SharedMarks } from '../store/replicas/viewer-marks.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Overrides, PresenceSettings } from './overrides.ts'

/** Connects this gateway to the others: by Redis, or in memory for a single gateway. */
export type Backplane = Readonly<{
  bus: Bus
  sessions: SessionRegistry
  presence: PresenceStore
  /** Resolves when connected, or if connecting has to be retried. While it does not work, `resync` is informed. */
  start(resync: Resync): Promise<void>
  stop(): Promise<void>
  /** Whether gateways can reach each other. Undefined for a single gateway. */
  isUp: (() => boolean) | undefined
  /** Applies rate limits across gateways. Returns undefined for a single gateway. */
  shareLimits(limits: RateLimits): SharedLimits | undefined
  /** Knowledge about the database that gateways share. */
  shared: Readonly<{ fence?: TimelineFence; sharedMarks?: SharedMarks }>
}>

export function createMemoryBackplane(
  { gatewayId }: Config,
  logger: Logger,
  overrides: Overrides,
  { windowMs, clock }: PresenceSettings & { clock: Clock },
): Backplane {
  const bus = overrides.bus ?? createMemoryBus({ logger })
  const sessions = overrides.sessions ?? createMemorySessionRegistry(gatewayId, new Map())
  const presence = createMemoryPresenceStore({
    gatewayId,
    presence: createMemoryPresence(),
    windowMs,
    clock,
    elapsedMs,
  })
  const stop = async (): Promise<void> => {
    await sessions.close()
    // A bus that other gateways share is closed by the one who created it.
    if (overrides.bus === undefined) await bus.close()
  }
  return {
    bus,
    sessions,
    presence,
    start: () => Promise.resolve(),
    stop,
    isUp: undefined,
    shareLimits: () => undefined,
    shared: {},
  }
}

export function createRedisBackplane(
  { gatewayId }: Config,
  { redisUrls: urls }: Secrets,
  logger: Logger,
  { windowMs }: PresenceSettings,
): Backplane {
  const publisher = connectRedis({ urls, name: `parley ${gatewayId}`, logger })
  const subscriber = connectRedis({ urls, name: `parley ${gatewayId} subscriber`, logger })
  const bus = createRedisBus({ publisher, subscriber, logger })
  const sessions = createRedisSessionRegistry({ connection: publisher, gatewayId, logger })
  const presence = createRedisPresenceStore({ connection: publisher, gatewayId, windowMs })
  const fence = createRedisFence(publisher, logger)
  let busHealth: BusHealth | undefined

  async function start(resync: Resync): Promise<void> {
    busHealth = createBusHealth(resync)
    bus.onReceivingChange(busHealth.setReceiving)
    await Promise.all([publisher.start(), subscriber.start()])
    busHealth.setReceiving(subscriber.status() === 'up')
    fence.start()
    await sessions.start({
      onReregistered: () => resync.request('unregistered'),
      onGatewayGone: () => resync.request('gateway-gone'),
      onReachableChange: busHealth.setRegistered,
    })
  }

  async function stop(): Promise<void> {
    await fence.stop()
    await sessions.close()
    await bus.close()
    await Promise.all([publisher.close(), subscriber.close()])
  }

  return {
    bus,
    sessions,
    presence,
    start,
    stop,
    isUp: () => busHealth?.isDown() === false,
    shareLimits: (limits) => createSharedLimits({ connection: publisher, limits, logger }),
    shared: { fence, sharedMarks: createRedisMarks(publisher) },
  }
}

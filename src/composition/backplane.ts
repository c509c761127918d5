import type { Bus } from '../bus/bus.ts'
import { createMemoryBus } from '../bus/memory-bus.ts'
import { createRedisBus } from '../bus/redis-bus.ts'
import { connectRedis } from '../redis/redis-connection.ts'
import { createRedisFence, createRedisMarks } from '../store/redis-marks.ts'
import type { Overrides, PresenceSettings } from './overrides.ts'
import type { Config } from '../config/config.ts'
import type { Secrets } from '../config/secrets.ts'
import { createBusHealth, type BusHealth } from '../gateway/bus-health.ts'
import { createMemorySessionRegistry } from '../sessions/memory-session-registry.ts'
import { createRedisSessionRegistry } from '../sessions/redis-session-registry.ts'
import type { SessionRegistry } from '../sessions/session-registry.ts'
import type { Resync } from '../gateway/resync.ts'
import { type Clock, elapsedMs } from '../lib/clock.ts'
import type { RateLimits } from '../quotas/rate-limits.ts'
import { createSharedLimits, type SharedLimits } from '../quotas/shared-limits.ts'
import { createMemoryPresence, createMemoryPresenceStore } from '../presence/store/memory-presence-store.ts'
import type { PresenceStore } from '../presence/store/presence-store.ts'
import { createRedisPresenceStore } from '../presence/store/redis-presence-store.ts'
import type { TimelineFence } from '../store/failover/timeline-fence.ts'
import type { SharedMarks } from '../store/replicas/viewer-marks.ts'
import type { Logger } from '../telemetry/logger.ts'

/** What connects this gateway with the others. */
export type Backplane = Readonly<{
  bus: Bus
  sessions: SessionRegistry
  presence: PresenceStore
  /** Resolves when connected, or when that has to wait; from then on the sweeper fills in for what does not work. */
  start(sweeper: Resync): Promise<void>
  stop(): Promise<void>
  /** Whether the gateways can tell each other things at present; undefined where they need nothing for it. */
  isUp: (() => boolean) | undefined
  /** What lets gateways know of each other's spending; undefined where there is one gateway. */
  share(limits: RateLimits): SharedLimits | undefined
  /** What gateways tell each other of the database. */
  known: Readonly<{ fence?: TimelineFence; sharedMarks?: SharedMarks }>
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
    if (overrides.bus === undefined) await bus.close()
  }
  return {
    bus,
    sessions,
    presence,
    start: () => Promise.resolve(),
    stop,
    isUp: undefined,
    share: () => undefined,
    known: {},
  }
}

export function createRedisBackplane(
  { gatewayId }: Config,
  { redisUrls: urls }: Secrets,
  logger: Logger,
  { windowMs }: PresenceSettings,
): Backplane {
  const publisher = connectRedis({ urls, name: `parley ${gatewayId}`, logger })
  const subscriber = connectRedis({ urls, name: `parley ${gatewayId} hears`, logger })
  const bus = createRedisBus({ publisher, subscriber, logger })
  const sessions = createRedisSessionRegistry({ connection: publisher, gatewayId, logger })
  const presence = createRedisPresenceStore({ connection: publisher, gatewayId, windowMs })
  let deafness: BusHealth | undefined
  const fence = createRedisFence(publisher, logger)

  async function start(sweeper: Resync): Promise<void> {
    deafness = createBusHealth(sweeper)
    bus.onReceivingChange(deafness.setReceiving)
    await Promise.all([publisher.start(), subscriber.start()])
    deafness.setReceiving(subscriber.status() === 'up')
    fence.start()
    await sessions.start({
      onReregistered: () => sweeper.request('unregistered'),
      onGatewayGone: () => sweeper.request('gateway-gone'),
      onReachableChange: deafness.setRegistered,
    })
  }

  async function stop(): Promise<void> {
    await fence.stop()
    await sessions.close()
    await bus.close()
    await Promise.all([publisher.close(), subscriber.close()])
  }

  const share = (limits: RateLimits): SharedLimits =>
    createSharedLimits({ connection: publisher, limits, logger })
  const known = { fence, sharedMarks: createRedisMarks(publisher) }
  return { bus, sessions, presence, start, stop, isUp: () => deafness?.isDown() === false, share, known }
}

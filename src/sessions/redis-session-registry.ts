import type { GatewayId, UserId } from '../ids.ts'
import { once, pause, withTimeout } from '../lib/async.ts'
import { createBackgroundLoop } from '../lib/background-loop.ts'
import type { RedisConnection } from '../redis/redis-connection.ts'
import type { Logger } from '../telemetry/logger.ts'
import { gatewayOf, type LiveGateway } from './leases.ts'
import { gatewaysExcept, LEASE_MS, liveGateways, renewLease, returnLease } from './redis-leases.ts'
import { lookUpGateways } from './redis-lookup.ts'
import { createRegistrationWriter } from './redis-registrations.ts'
import {
  ALONE_MS,
  currentLease,
  initialState,
  isAlone,
  isEndedLease,
  type RegistryEffect,
  type RegistryInput,
  applyInput,
} from './registry-transition.ts'
import type { SessionRegistry } from './session-registry.ts'

/** Called when the registry detects that messages may have been missed. */
export type SessionRegistryListener = Readonly<{
  /** Other gateways may not have found users of this one until a moment ago. Now all of them are registered. */
  onReregistered(): void
  /** Another gateway's lease ran out: it may have died before it published something. */
  onGatewayGone(gatewayId: GatewayId): void
  /** False if this gateway could not renew its lease: users who register now are not found. True afterwards. */
  onReachableChange(isReachable: boolean): void
}>

export type RedisSessionRegistry = SessionRegistry &
  Readonly<{
    /** Joins the other gateways. Resolves when this one has a lease, or could not get one for now. */
    start(listener: SessionRegistryListener): Promise<void>
    /** All live gateways, including this one. */
    list(): Promise<readonly LiveGateway[]>
  }>

type Dependencies = Readonly<{
  connection: Pick<RedisConnection, 'redis' | 'send' | 'onUp'>
  gatewayId: GatewayId
  logger: Logger
}>

const RENEW_MS = 1_000
/** More often without other gateways, so that a second one is soon noticed. */
const RENEW_WHILE_ALONE_MS = ALONE_MS / 2
/** How long an inbox waits for the registration of its user before it continues without it. */
const REGISTER_MS = 500
const CLOSE_MS = 2_000

/**
 * The registry of gateways in several processes. For each user Redis has a set of the leases under which they are
 * registered, see leases.ts. A lookup is one round trip to each node of a cluster, for any number of users. Lookups
 * are not cached: an answer that is a second old lacks the users who have come since. routes.ts copes with that. The
 * list of live leases is cached, since an old one only causes a message too many.
 *
 * While Redis is away, `gatewaysOf` and `others` reject at once; while it hangs, within two seconds. Users register and
 * unregister as usual, and are written when it is back.
 *
 * The shell around `transition`, which has the rules.
 */
export function createRedisSessionRegistry({
  connection,
  gatewayId,
  logger,
}: Dependencies): RedisSessionRegistry {
  const state = initialState(gatewayId)
  const closing = new AbortController()
  let listener: SessionRegistryListener | undefined
  const lease = (): string | undefined => currentLease(state, performance.now())
  const writer = createRegistrationWriter({
    connection,
    users: state.users,
    currentLease: lease,
    hasEnded: (some) => isEndedLease(state, some),
  })
  const loop = createBackgroundLoop({
    component: 'session lease',
    async run() {
      await renew()
      await writer.refreshSome()
    },
    intervalMs: () => (isAlone(state, performance.now()) ? RENEW_WHILE_ALONE_MS : RENEW_MS),
    startsWithRest: true,
    failureLogLevel: 'debug',
    logger,
  })
  // Whatever the reason was: a failover may have lost the last writes.
  const dispose = connection.onUp(() => {
    dispatch({ type: 'connected' })
    loop.wake()
  })

  function dispatch(input: RegistryInput): void {
    for (const effect of applyInput(state, input)) perform(effect)
  }

  function perform(effect: RegistryEffect): void {
    switch (effect.type) {
      case 'reachableChanged':
        logReachable(effect.isReachable)
        return notify((to) => to.onReachableChange(effect.isReachable))
      case 'gatewayGone':
        return notify((to) => to.onGatewayGone(effect.gatewayId))
      case 'reregistered':
        return notify((to) => to.onReregistered())
      case 'writeUnwritten':
        return void Promise.allSettled(effect.userIds.map(write)).then(() =>
          dispatch({ type: 'unwrittenWritten' }),
        )
      case 'awaitOthers':
        return void pause(ALONE_MS, closing.signal).then(() => dispatch({ type: 'othersKnowThisGateway' }))
      default:
        effect satisfies never
    }
  }

  function logReachable(isReachable: boolean): void {
    if (isReachable) logger.info('session lease renewed; gateway is discoverable again')
    else logger.warn('session lease renewal failed; gateway is not discoverable')
  }

  function notify(call: (listener: SessionRegistryListener) => void): void {
    try {
      if (listener !== undefined) call(listener)
    } catch (error) {
      logger.error({ err: error }, 'session registry listener threw')
    }
  }

  async function renew(): Promise<void> {
    const askedAtMs = performance.now()
    try {
      const request = { gatewayId, lease: state.lease?.name, sessions: state.users.size }
      const renewed = await renewLease(connection, request)
      dispatch({ type: 'leaseRenewed', ...renewed, askedAtMs, validUntilMs: askedAtMs + LEASE_MS })
    } catch (error) {
      dispatch({ type: 'renewalFailed' })
      throw error
    }
  }

  async function write(userId: UserId): Promise<void> {
    try {
      await writer.write(userId)
    } catch (error) {
      dispatch({ type: 'writeFailed', userId, nowMs: performance.now() })
      throw error
    }
  }

  /** A stream whose user is registered late continues as if they were: what it missed meanwhile needs a resync. */
  async function register(userId: UserId): Promise<void> {
    dispatch({ type: 'userAdded', userId })
    const written = write(userId)
    try {
      await withTimeout(REGISTER_MS, written, () => new Error('The registration takes too long'))
    } catch (error) {
      logger.debug({ err: error }, 'session registration is late')
      const onEnd = (): void => dispatch({ type: 'registeredLate' })
      written.then(onEnd, onEnd)
    }
  }

  async function unregister(userId: UserId): Promise<void> {
    dispatch({ type: 'userRemoved', userId })
    await write(userId)
  }

  async function leave(): Promise<void> {
    const present = lease()
    if (present === undefined) return
    try {
      const work = returnLease(connection, present).then(() =>
        Promise.allSettled([...state.users].map(unregister)),
      )
      await withTimeout(CLOSE_MS, work, () => new Error('Redis did not answer in time'))
    } catch (error) {
      logger.warn({ err: error }, 'session lease could not be returned; it will run out')
    }
  }

  return {
    register,
    unregister(userId) {
      unregister(userId).catch((error: unknown) => {
        logger.debug({ err: error }, 'session could not be unregistered')
      })
    },
    gatewaysOf: (userIds) =>
      lookUpGateways(
        connection,
        userIds,
        (some) => gatewayOf(some) !== gatewayId && !isEndedLease(state, some),
      ),
    others: () => gatewaysExcept(connection, gatewayId),
    hasOthers: () => !isAlone(state, performance.now()),
    list: () => liveGateways(connection),
    async start(newListener) {
      listener = newListener
      await renew().catch((error: unknown) =>
        logger.debug({ err: error }, 'session lease is not acquired yet'),
      )
      loop.start()
    },
    close: once(async () => {
      closing.abort()
      dispatch({ type: 'closed' })
      dispose()
      await loop.stop()
      await leave()
    }),
  }
}

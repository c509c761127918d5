import type { RedisConnection } from '../redis/redis-connection.ts'
import type { GatewayId, UserId } from '../ids.ts'
import { once, pause, withTimeout } from '../lib/async.ts'
import type { Logger } from '../telemetry/logger.ts'
import { ALONE_MS, createLeases, gatewayOf, type LiveGateway, liveGateways } from './redis-leases.ts'
import { lookUp } from './redis-lookup.ts'
import { createRegistrations } from './redis-registrations.ts'
import type { SessionRegistry } from './session-registry.ts'

/** Is told what a registry that others share can't keep to itself. */
export type SessionRegistryListener = Readonly<{
  /** Others may have missed people of this gateway up to a moment ago; now they are registered, all of them. */
  onReregistered(): void
  /** Another gateway's lease ran out: it may have died with something untold. */
  onGatewayGone(gatewayId: GatewayId): void
  /** False when this gateway could not renew its lease: whoever comes now is not known to others. True afterwards. */
  onReachableChange(isReached: boolean): void
}>

export type RedisSessionRegistry = SessionRegistry &
  Readonly<{
    /** Takes part from now on. Resolves when this gateway has a lease, or could not get one for now. */
    start(watcher: SessionRegistryListener): Promise<void>
    /** All gateways that live, this one too. */
    list(): Promise<readonly LiveGateway[]>
  }>

type Dependencies = Readonly<{
  connection: Pick<RedisConnection, 'redis' | 'send' | 'onUp'>
  gatewayId: GatewayId
  logger: Logger
}>

const RENEW_MS = 1_000
/** More often while nobody else is there, so that a second gateway is soon known of. */
const RENEW_WHILE_ALONE_MS = ALONE_MS / 2
/** How long somebody's inbox waits for their registration before it goes on without. */
const ATTACH_MS = 500
const CLOSE_MS = 2_000

/**
 * The registry of gateways in several processes. For each person Redis holds a set of the leases under which they are
 * registered, see redis-leases.ts. Looking up is one round trip, per node of a cluster, for any number of people, and
 * nothing of it is cached: an answer that is a second old would leave out whoever came since, and nobody would tell.
 * What is cached is who lives, and that errs on the side of a message too many.
 *
 * While Redis is away `gatewaysOf` and `others` reject at once, and within two seconds while it hangs; people come and
 * go as ever, and are written down when it is back.
 */
export function createRedisSessionRegistry({
  connection,
  gatewayId,
  logger,
}: Dependencies): RedisSessionRegistry {
  const leases = createLeases(connection, gatewayId)
  const registrations = createRegistrations({ connection, leases })
  const ended = new AbortController()
  let woken = new AbortController()
  let watcher: SessionRegistryListener | undefined
  let isRepairOwed = false
  let isAway = false
  let completing: Promise<void> | undefined
  let running: Promise<void> = Promise.resolve()

  /** Whatever the connection was lost for: what was written down last may be lost with it, and be it by a failover. */
  const stopWatching = connection.onUp(() => {
    distrust()
    woken.abort()
  })

  function distrust(): void {
    registrations.forget()
    isRepairOwed = true
  }

  async function run(): Promise<void> {
    while (await nextTurn()) {
      await renew()
      await refresh()
    }
  }

  /** Comes at once when the connection is made again. False when there is none. */
  async function nextTurn(): Promise<boolean> {
    woken = new AbortController()
    const restMs = leases.isAlone() ? RENEW_WHILE_ALONE_MS : RENEW_MS
    await pause(restMs, AbortSignal.any([ended.signal, woken.signal]))
    return !ended.signal.aborted
  }

  async function renew(): Promise<void> {
    try {
      const { isNew, gone } = await leases.renew(registrations.size())
      reach(true)
      if (isNew) welcome()
      for (const id of gone) tell(() => watcher?.onGatewayGone(id))
      completing ??= complete()
    } catch (error) {
      logger.debug({ err: error }, 'the lease of this gateway could not be renewed')
      reach(false)
    }
  }

  function reach(isReached: boolean): void {
    if (isReached !== isAway) return
    isAway = !isReached
    if (isAway) logger.warn('other gateways can not know who is here')
    else logger.info('other gateways can know again who is here')
    tell(() => watcher?.onReachableChange(isReached))
  }

  async function refresh(): Promise<void> {
    try {
      await registrations.refreshSome()
    } catch (error) {
      logger.debug({ err: error }, 'some registrations were not prolonged this time')
    }
  }

  /** Others may think themselves alone for a moment yet, and tell nobody: a second repair makes up for that. */
  function welcome(): void {
    distrust()
    if (leases.isAlone()) return
    void pause(ALONE_MS, ended.signal).then(owe)
  }

  function owe(): void {
    isRepairOwed = true
    settle()
  }

  async function complete(): Promise<void> {
    await registrations.complete()
    completing = undefined
    settle()
  }

  function settle(): void {
    if (!isRepairOwed || !registrations.isComplete() || completing !== undefined || ended.signal.aborted)
      return
    isRepairOwed = false
    if (registrations.size() > 0) tell(() => watcher?.onReregistered())
  }

  function tell(call: () => void): void {
    try {
      call()
    } catch (error) {
      logger.error({ err: error }, 'who watches the session registry threw')
    }
  }

  /** Who is registered too late was served as though they were: what was missed meanwhile is owed to them. */
  async function attach(userId: UserId): Promise<void> {
    const written = registrations.add(userId)
    try {
      await withTimeout(ATTACH_MS, written, () => new Error('A registration takes long'))
    } catch (error) {
      logger.debug({ err: error }, 'somebody is not registered yet')
      written.then(owe, owe)
    }
  }

  function isElsewhere(lease: string): boolean {
    return gatewayOf(lease) !== gatewayId && !leases.hasEnded(lease)
  }

  async function giveBack(): Promise<void> {
    if (leases.current() === undefined) return
    try {
      const work = leases.leave().then(() => registrations.clear())
      await withTimeout(CLOSE_MS, work, () => new Error('Redis did not answer in time'))
    } catch (error) {
      logger.warn({ err: error }, 'this gateway could not take leave; its lease runs out')
    }
  }

  return {
    register: attach,
    unregister(userId) {
      registrations.remove(userId).catch((error: unknown) => {
        logger.debug({ err: error }, 'somebody is registered still')
      })
    },
    gatewaysOf: (userIds) => lookUp(connection, userIds, isElsewhere),
    others: async () =>
      (await liveGateways(connection)).map((gateway) => gateway.gatewayId).filter((id) => id !== gatewayId),
    hasOthers: () => !leases.isAlone(),
    list: () => liveGateways(connection),
    async start(newWatcher) {
      watcher = newWatcher
      await renew()
      running = run()
    },
    close: once(async () => {
      ended.abort()
      stopWatching()
      await running
      await giveBack()
    }),
  }
}

import type { Retention } from '../chats/retention.ts'
import type { BackgroundLoop } from '../lib/background-loop.ts'
import type { Demo } from '../demo/demo.ts'
import type { Followers } from '../followers/followers.ts'
import { once } from '../lib/async.ts'
import type { Auth } from './auth.ts'
import type { Foundation } from './foundation.ts'
import type { DeliveryParts } from './delivery.ts'
import type { GatewayParts } from './gateway.ts'
import type { MediaParts } from './media.ts'
import type { MessageParts } from './messages.ts'
import type { Overload } from './overload.ts'
import type { Push } from './push.ts'
import type { PresenceParts } from './presence.ts'
import type { Transport } from './transport.ts'

/** How a gateway starts and stops. */
export type Lifecycle = Readonly<{
  /** Connects, then listens. Resolves when ready. */
  start(): Promise<Started>
  /** Drains: rejects new connections, closes the open ones, finishes pending work, then disconnects. */
  stop(): Promise<void>
}>

export type Started = Readonly<{
  /** The URL of the API, without its path. */
  url: string
  /** The URL of the server API, without its path. Undefined if it is off. */
  serverApiUrl: string | undefined
  /** Users to try Parley with; undefined in production, and with tokens of an identity provider. */
  demo: Demo | undefined
}>

type Parts = Readonly<{
  auth: Pick<Auth, 'revocations'>
  gateway: Pick<GatewayParts, 'hub' | 'resync' | 'routing'>
  overload: Pick<Overload, 'levels' | 'sharedLimits'>
  presence: Pick<PresenceParts, 'subscriptions' | 'monitor'>
  messages: Pick<MessageParts, 'messageSender' | 'messageExpiry'>
  delivery: Pick<DeliveryParts, 'receipts'>
  media: Pick<MediaParts, 'start' | 'stop'>
  retention: Retention
  deletionSweep: BackgroundLoop
  followers: Followers
  push: Pick<Push, 'sweep' | 'close'>
  transport: Transport
}>

/** The share of the shutdown deadline in which connections are closed, wave by wave. */
const WAVES_SHARE = 0.4

/*
 * Stopping runs against the direction of data. New connections are rejected first. Open connections are closed in
 * waves, so that clients reconnect to other gateways gradually. Then pending work is finished and published, and only
 * then are the connections closed that all of this needs.
 */
export function createLifecycle(
  { config, database, backplane, logger }: Foundation,
  {
    auth,
    gateway,
    overload,
    presence,
    messages,
    delivery,
    media,
    retention,
    deletionSweep,
    followers,
    push,
    transport,
  }: Parts,
): Lifecycle {
  const { hub, resync, routing } = gateway
  const { messageSender, messageExpiry } = messages
  const { receipts } = delivery
  const { server, health, demo, serverApi } = transport

  const start = once(async () => {
    await database.start()
    // Before anything listens: no revoked token gets in.
    await auth.revocations.start()
    await backplane.start(resync)
    await routing.start()
    overload.levels.start()
    overload.sharedLimits?.start()
    resync.start()
    await media.start()
    messageExpiry.start()
    retention.start()
    deletionSweep.start()
    followers.start()
    push.sweep.start()
    presence.monitor.start()
    await serverApi?.start()
    const urls = await server.start()
    health.markReady()
    return { ...urls, demo }
  })

  const stop = once(async () => {
    health.markDraining()
    server.stopAccepting()
    await Promise.all([
      server.closeInWaves({ deadlineMs: config.shutdownDeadlineMs * WAVES_SHARE }),
      // Receipts that were delayed under load are stored now, while their senders are still connected.
      receipts.drained(),
    ])
    await Promise.all([server.stop(), serverApi?.stop()])
    await Promise.all([messageSender.drained(), receipts.drained(), presence.monitor.stop()])
    await routing.stop()
    await Promise.all([
      resync.stop(),
      messageExpiry.stop(),
      media.stop(),
      retention.stop(),
      deletionSweep.stop(),
      followers.stop(),
      push.sweep.stop(),
      presence.subscriptions.close(),
    ])
    await Promise.all([auth.revocations.stop(), overload.levels.stop(), overload.sharedLimits?.stop()])
    hub.close()
    push.close()
    await backplane.stop()
    await database.stop()
    logger.info('stopped')
  })

  return { start, stop }
}

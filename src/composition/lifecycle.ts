import type { Domains } from './domains.ts'
import type { Foundation } from './foundation.ts'
import type { Transport } from './transport.ts'
import { once } from '../lib/async.ts'
import type { Demo } from '../demo/demo.ts'

/** How an instance begins and ends. */
export type Lifecycle = Readonly<{
  /** Connects, then listens; resolves when ready. */
  start(): Promise<Started>
  /** Turns newcomers away, sends those who are here elsewhere, finishes what was begun, lets go of everything. */
  stop(): Promise<void>
}>

export type Started = Readonly<{
  /** Where the API is, without its path. */
  url: string
  /** In development with tokens of our own: people to try it with. */
  demo: Demo | undefined
}>

/** The share of the whole deadline for a stop in which connections are closed, wave by wave. */
const WAVES_SHARE = 0.4

/*
 * Stopping goes against the stream: first nobody new comes in, then those who are here are sent elsewhere, in waves
 * so that the other gateways get them bit by bit, then what they had begun is finished and told, and only then do the
 * connections that all of this needs go.
 */
export function createLifecycle(
  { config, database, backplane, logger }: Foundation,
  {
    services,
    load,
    routing,
    hub,
    sweeper,
    messageExpiry,
    retention,
    presenceSubscriptions,
    presenceMonitor,
  }: Domains,
  { server, health, demo }: Transport,
): Lifecycle {
  const start = once(async () => {
    await database.start()
    await backplane.start(sweeper)
    await routing.start()
    load.levels.start()
    load.shared?.start()
    sweeper.start()
    messageExpiry.start()
    retention.start()
    presenceMonitor.start()
    const { url } = await server.start()
    health.markReady()
    return { url, demo }
  })

  const stop = once(async () => {
    health.markDraining()
    server.stopAccepting()
    await Promise.all([
      server.closeInWaves({ deadlineMs: config.shutdownDeadlineMs * WAVES_SHARE }),
      // What rests under load is stored now, while whoever reported it can still be answered.
      services.receipts.drained(),
    ])
    await server.stop()
    await Promise.all([services.messageSender.drained(), services.receipts.drained(), presenceMonitor.stop()])
    await routing.stop()
    await Promise.all([sweeper.stop(), messageExpiry.stop(), retention.stop(), presenceSubscriptions.close()])
    await Promise.all([load.levels.stop(), load.shared?.stop()])
    hub.close()
    await backplane.stop()
    await database.stop()
    logger.info('stopped')
  })

  return { start, stop }
}

import { EventEmitter } from 'node:events'
import { withTimeout } from '../../lib/async.ts'
import { createBackgroundLoop } from '../../lib/background-loop.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { ServerProbe } from '../failover/server-probe.ts'
import type { PrimaryHistory } from '../failover/timeline-record.ts'
import type { ConnectionTarget } from '../sql/connection-pool.ts'
import type { ServerState, WalPosition } from '../sql/server-state.ts'

/** A standby that reads may go to while it keeps up with the primary. */
export type Replica = Readonly<{
  /** Whether reads may go to it at all. */
  isHealthy(): boolean
  /** Whether everything before `position` is readable there. Asks the server if that is not known yet. */
  reaches(position: WalPosition): Promise<boolean>
  /** Called when a read failed. The replica is not used until it answers a check. */
  reportFailure(): void
  target: ConnectionTarget
  start(): void
  stop(): Promise<void>
}>

type Dependencies = Readonly<{
  /** The name in log lines, without credentials. */
  name: string
  url: string
  probe: ServerProbe
  history: PrimaryHistory
  logger: Pick<Logger, 'debug' | 'info' | 'warn'>
}>

const CHECK_INTERVAL_MS = 250
/** Interval and timeout together are below a second: a dead replica is left out within that time. */
const CHECK_TIMEOUT_MS = 500
/** A replica that is further behind is not used, even for reads that accept older data. */
const MAX_LAG_MS = 5_000

export function createReplica({ name, url, probe, history, logger }: Dependencies): Replica {
  const changes = new EventEmitter<{ lost: [] }>()
  let state: ServerState | undefined
  /** Why the replica is not used. */
  let fault: string | undefined = 'not checked yet'

  async function check(): Promise<void> {
    try {
      state = await withTimeout(CHECK_TIMEOUT_MS, probe.readState(), () => new Error('no answer in time'))
      setFault(faultOf(state))
    } catch (error) {
      setFault(error instanceof Error ? error.message : 'unknown')
      // Closes the connections, so that reads in progress fail now and go to the primary.
      changes.emit('lost')
    }
  }

  function faultOf({ isInRecovery, timeline, position }: ServerState): string | undefined {
    if (!isInRecovery) return 'not a standby'
    if (timeline !== history.timeline()) return 'follows another primary'
    return position < history.positionBefore(MAX_LAG_MS) ? 'too far behind' : undefined
  }

  function setFault(found: string | undefined): void {
    if (fault === undefined && found !== undefined)
      logger.warn({ replica: name, reason: found }, 'replica is unusable; reads go elsewhere')
    if (fault !== undefined && found === undefined) logger.info({ replica: name }, 'replica serves reads')
    fault = found
  }

  const loop = createBackgroundLoop({
    component: 'replica check',
    run: check,
    intervalMs: CHECK_INTERVAL_MS,
    logger,
  })

  return {
    isHealthy: () => fault === undefined,
    async reaches(position) {
      if (fault === undefined && (state?.position ?? 0) < position) await check()
      return fault === undefined && (state?.position ?? 0) >= position
    },
    reportFailure: () => setFault('a read failed'),
    target: {
      url: () => url,
      ready: () => Promise.resolve(),
      verify: () => Promise.resolve(),
      reportFailure: () => setFault('a connection was lost'),
      onMoved: (listener) => void changes.on('lost', listener),
    },
    start: loop.start,
    async stop() {
      await loop.stop()
      await probe.close()
    },
  }
}

import { EventEmitter } from 'node:events'
import { pause, withTimeout } from '../../lib/async.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { ConnectionPlace } from '../sql/connection-pool.ts'
import type { ServerProbe } from '../failover/server-probe.ts'
import type { PrimaryHistory } from '../failover/timeline-record.ts'
import type { WalPosition, ServerState } from '../sql/server-state.ts'

/** A server to read from, as long as it keeps up. */
export type Replica = Readonly<{
  /** Whether it may be read from at all. */
  isHealthy(): boolean
  /** Whether everything before `position` can be read there; asks it where that is not known yet. */
  reaches(position: WalPosition): Promise<boolean>
  /** A read failed there: it is left out until it has answered again. */
  doubt(): void
  place: ConnectionPlace
  start(): void
  stop(): Promise<void>
}>

type Dependencies = Readonly<{
  /** For the log; has no password in it. */
  name: string
  url: string
  probe: ServerProbe
  history: PrimaryHistory
  logger: Pick<Logger, 'info' | 'warn'>
}>

const WATCH_MS = 250
/** Together with the watch less than a second: within that a dead replica is left out. */
const ANSWER_MS = 500
/** A replica that is further behind is left out, also for those who would not mind. */
const MAX_LAG_MS = 5_000

export function createReplica({ name, url, probe, history, logger }: Dependencies): Replica {
  const stopping = new AbortController()
  const changes = new EventEmitter<{ lost: [] }>()
  let state: ServerState | undefined
  let fault: string | undefined = 'not seen yet'
  let running: Promise<void> = Promise.resolve()

  async function look(): Promise<void> {
    try {
      const seen = await withTimeout(ANSWER_MS, probe.look(), () => new Error('no answer in time'))
      state = seen
      judge(faultOf(seen))
    } catch (error) {
      judge(error instanceof Error ? error.message : 'unknown')
      // Reads under way on it are not left to hang: cut, they go to the primary.
      changes.emit('lost')
    }
  }

  function faultOf({ isInRecovery, timeline, position }: ServerState): string | undefined {
    if (!isInRecovery) return 'is no standby'
    if (timeline !== history.timeline()) return 'follows another primary'
    return position < history.positionBefore(MAX_LAG_MS) ? 'too far behind' : undefined
  }

  function judge(found: string | undefined): void {
    if (fault === undefined && found !== undefined)
      logger.warn({ replica: name, why: found }, 'a replica is left out')
    if (fault !== undefined && found === undefined) logger.info({ replica: name }, 'a replica is read from')
    fault = found
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await look()
      await pause(WATCH_MS, stopping.signal)
    }
  }

  return {
    isHealthy: () => fault === undefined,
    async reaches(position) {
      if (fault === undefined && (state?.position ?? 0) < position) await look()
      return fault === undefined && (state?.position ?? 0) >= position
    },
    doubt: () => judge('a read failed there'),
    place: {
      url: () => url,
      ready: () => Promise.resolve(),
      verify: () => Promise.resolve(),
      doubt: () => judge('a connection was lost'),
      onMoved: (listener) => void changes.on('lost', listener),
    },
    start() {
      running = run()
    },
    async stop() {
      stopping.abort()
      await running
      await probe.close()
    },
  }
}

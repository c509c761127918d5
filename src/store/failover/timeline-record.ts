import { createBackgroundLoop } from '../../lib/background-loop.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { WalPosition } from '../sql/server-state.ts'
import type { Primary } from './primary.ts'
import type { ServerProbe } from './server-probe.ts'

/** The recent past of the primary, which replicas are compared with. */
export type PrimaryHistory = Readonly<{
  /** Undefined until a primary was seen. */
  timeline(): number | undefined
  /** The end of the primary's log `ms` milliseconds ago, or 0 if unknown. */
  positionBefore(ms: number): WalPosition
}>

export type TimelineRecord = PrimaryHistory & Readonly<{ start(): void; stop(): Promise<void> }>

type Dependencies = Readonly<{
  primary: Primary
  /** One per host that may be the primary. */
  probes: readonly ServerProbe[]
  logger: Pick<Logger, 'debug' | 'warn'>
}>

// By the primary key; one row. The row need not survive the primary, so this commit does not wait for a standby:
// `local` applies to this transaction alone.
const RECORD = {
  name: 'timeline_record',
  text: `
    INSERT INTO timelines (id) SELECT $1::int WHERE set_config('synchronous_commit', 'local', true) = 'local'
    ON CONFLICT DO NOTHING`,
}

const INTERVAL_MS = 500
/** Covers 20 s, more than any caller of `positionBefore` asks for. */
const MAX_POSITIONS = 40

/**
 * Samples the primary's position, and writes each new timeline of the primary into a table. The row is replicated, so
 * that a standby shows which timeline it follows.
 */
export function createTimelineRecord({ primary, probes, logger }: Dependencies): TimelineRecord {
  const positions: { at: number; position: WalPosition }[] = []
  let timeline: number | undefined

  async function sample(): Promise<void> {
    const writer = primary.current()
    if (writer === undefined) return
    if (writer.timeline !== timeline) {
      positions.length = 0
      await probes[writer.host]?.run(RECORD, [writer.timeline])
      timeline = writer.timeline
    }
    const { position } = await primary.readState()
    positions.push({ at: performance.now(), position })
    if (positions.length > MAX_POSITIONS) positions.shift()
  }

  const loop = createBackgroundLoop({
    component: 'timeline record',
    run: sample,
    intervalMs: INTERVAL_MS,
    logger,
  })

  return {
    timeline: () => timeline,
    positionBefore(ms) {
      const then = performance.now() - ms
      return positions.findLast(({ at }) => at <= then)?.position ?? 0
    },
    start: loop.start,
    stop: loop.stop,
  }
}

import { pause } from '../../lib/async.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { Primary } from './primary.ts'
import type { WalPosition } from '../sql/server-state.ts'
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
  /** Those of the hosts that may be the primary. */
  probes: readonly ServerProbe[]
  logger: Pick<Logger, 'warn'>
}>

// By the primary key; one row. What it is there for works without waiting for a standby: `local` lasts for this
// transaction.
const RECORD = {
  name: 'timeline_record',
  text: `
    INSERT INTO timelines (id) SELECT $1::int WHERE set_config('synchronous_commit', 'local', true) = 'local'
    ON CONFLICT DO NOTHING`,
}

const EVERY_MS = 500
/** As many positions are remembered as replicas are asked about, and some more. */
const REMEMBERED = 40

/** Writes down each timeline that the primary is found on, so that replicas show which one they follow. */
export function createTimelineRecord({ primary, probes, logger }: Dependencies): TimelineRecord {
  const stopping = new AbortController()
  const past: { at: number; position: WalPosition }[] = []
  let timeline: number | undefined
  let running: Promise<void> = Promise.resolve()

  async function note(): Promise<void> {
    const writer = primary.current()
    if (writer === undefined) return
    if (writer.timeline !== timeline) {
      past.length = 0
      await probes[writer.host]?.run(RECORD, [writer.timeline])
      timeline = writer.timeline
    }
    const { position } = await primary.look()
    past.push({ at: performance.now(), position })
    if (past.length > REMEMBERED) past.shift()
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await note().catch((error: unknown) => logger.warn({ err: error }, 'the primary was not looked at'))
      await pause(EVERY_MS, stopping.signal)
    }
  }

  return {
    timeline: () => timeline,
    positionBefore(ms) {
      const then = performance.now() - ms
      return past.findLast(({ at }) => at <= then)?.position ?? 0
    },
    start() {
      running = run()
    },
    async stop() {
      stopping.abort()
      await running
    },
  }
}

import { availableParallelism } from 'node:os'
import { extname, join } from 'node:path'
import { unavailable } from '../errors.ts'
import type { InspectionJob, InspectionResult } from './inspect-file.ts'
import { kindOf, UNKNOWN_TYPE } from './file-kind.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { createPoolProcess, type PoolProcess } from './pool-process.ts'
import { ProcessError } from './process-pool.ts'

/** Finds out what an uploaded file is, outside of this process. */
export type Inspector = Readonly<{
  /**
   * Never rejects because of the file: what cannot be inspected is a file to download.
   *
   * Errors: UNAVAILABLE – too many files wait, the machine is too busy or starts no process, or the gateway stops.
   */
  inspect(job: Omit<InspectionJob, 'limits'>): Promise<InspectionResult>
  /** Starts the process that starts the others, while this one is small. Otherwise the first file does. */
  start(): void
  close(): Promise<void>
}>

type Dependencies = Readonly<{
  metrics: Pick<Metrics, 'mediaInspectionFailures'>
  logger: Logger
  /** The program that inspects. Tests may pass another. */
  program?: string
  /** The processor time for one file, in seconds. Default: 40. */
  cpuSeconds?: number
  /** For one file, without the wait for a process: first while the machine is idle, then in any case. */
  timeoutsMs?: Readonly<{ idle: number; any: number }>
}>

type Pool = PoolProcess<InspectionResult>['pools'][number]

/** 50 million pixels take 200 MB of memory. */
const IMAGE_LIMITS = { maxPixels: 50_000_000, maxFrames: 500 } as const

/** More than photos need. Processor time is limited, because a busy machine must not make photos downloads. */
const CPU_SECONDS = 40
const TIMEOUTS_MS = { idle: 30_000, any: 120_000 } as const

/** Node.js counts for 600 MB. A progressive JPEG with as many pixels as are allowed needs half of the rest. */
const MEMORY_BYTES = 2 * 1024 * 1024 * 1024

/** Half of the processors: messages need the others. */
const PROCESSES = Math.min(4, Math.max(1, Math.floor(availableParallelism() / 2)))

/** Even at the lowest priority, an inspection delays messages a little. So one in a hundred is hardly slower. */
const PAUSE_SHARE = 1

/** Beyond this, a client uploads again later instead of waiting for minutes. */
const MAX_WAITING = 100

/** The same file is TypeScript in the repository and JavaScript in the package. */
const PROGRAM = join(import.meta.dirname, `inspection-process${extname(import.meta.filename)}`)

/**
 * Image libraries are native code, and files come from strangers. A crash in a thread would end the gateway, damaged
 * memory could tell its secrets, and threads have no priority of their own. So files are inspected in processes:
 *
 * - Those of the first pool have the lowest priority. They hardly run while the machine has anything else to do. The
 *   class SCHED_IDLE sounds better and is worse: Linux takes a processor with only such a process for a free one. So it
 *   wakes the database there although another is free, and the database waits for the end of a time slice.
 * - On a machine that is never idle they would not end. A file that takes too long there is inspected again by the
 *   second pool, which has a higher priority, but a low one.
 *
 * A process that dies may be innocent, because the system ends these processes first when memory is short. So a file is
 * inspected twice before it becomes a download.
 */
export function createInspector({
  metrics,
  logger,
  program = PROGRAM,
  cpuSeconds = CPU_SECONDS,
  timeoutsMs = TIMEOUTS_MS,
}: Dependencies): Inspector {
  const common = { program, size: PROCESSES, cpuSeconds, memoryBytes: MEMORY_BYTES, pauseShare: PAUSE_SHARE }
  const processes = createPoolProcess<InspectionResult>([
    { ...common, nice: 19, timeoutMs: timeoutsMs.idle },
    { ...common, nice: 10, timeoutMs: timeoutsMs.any },
  ])
  const [idle, steady] = processes.pools as [Pool, Pool]
  let isClosed = false

  async function attempt(task: InspectionJob, pool = idle, mayRepeat = true): Promise<InspectionResult> {
    try {
      return await pool.run(task)
    } catch (error) {
      if (isClosed) throw unavailable('The server stops. Upload it again.', error)
      const reason = error instanceof ProcessError ? error.type : 'failed'
      metrics.mediaInspectionFailures.inc({ reason })
      const next = nextAttempt(reason, pool, mayRepeat)
      const repeats = next !== undefined
      logger.warn({ err: error, byteSize: task.byteSize, repeats }, 'inspection of an upload failed')
      if (next !== undefined) return attempt(task, ...next)
      if (reason === 'late' || reason === 'unstarted')
        throw unavailable('The server is busy. Upload the file again.', error)
      return asDownload(task)
    }
  }

  function nextAttempt(
    reason: ProcessError['type'],
    pool: Pool,
    mayRepeat: boolean,
  ): readonly [Pool, boolean] | undefined {
    if (reason === 'late' && pool === idle) return [steady, mayRepeat]
    return reason === 'died' && mayRepeat ? [pool, false] : undefined
  }

  return {
    async inspect(job) {
      if (idle.waiting() + steady.waiting() >= MAX_WAITING)
        throw unavailable('Too many files wait to be inspected. Upload it again.')
      return attempt({ ...job, limits: IMAGE_LIMITS })
    },
    start() {
      try {
        processes.start()
      } catch (error) {
        logger.warn({ err: error }, 'inspection could not be started; the next upload tries again')
      }
    },
    async close() {
      isClosed = true
      await processes.close()
    },
  }
}

function asDownload({ fileName, byteSize }: Omit<InspectionJob, 'limits'>): InspectionResult {
  const none = { width: null, height: null, thumbhash: null, hasThumbnails: false }
  return { ...kindOf(undefined, UNKNOWN_TYPE), ...none, fileName, byteSize }
}

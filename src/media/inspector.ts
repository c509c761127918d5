import { availableParallelism } from 'node:os'
import { extname, join } from 'node:path'
import pLimit from 'p-limit'
import type { Piscina } from 'piscina'
import { unavailable } from '../errors.ts'
import type { InspectionJob, InspectionResult } from './inspection-worker.ts'
import { kindOf, UNKNOWN_TYPE } from './file-kind.ts'
import type { Logger } from '../telemetry/logger.ts'

/** Finds out what an uploaded file is, outside of the event loop. */
export type Inspector = Readonly<{
  /**
   * Never rejects because of the file: what cannot be inspected is a file to download.
   *
   * Errors: UNAVAILABLE – too many files wait.
   */
  inspect(job: Omit<InspectionJob, 'limits'>): Promise<InspectionResult>
  close(): Promise<void>
}>

/** 50 million pixels take 200 MB of memory. */
const IMAGE_LIMITS = { maxPixels: 50_000_000, maxFrames: 500, stepTimeoutS: 20 } as const

/** More than all steps of an image. A worker that takes longer is ended. The wait for a worker does not count. */
const INSPECTION_TIMEOUT_MS = 90_000

/** Half of the processors: messages need the others, and large images fill the memory that the limits allow. */
const THREADS = Math.max(1, Math.floor(availableParallelism() / 2))

/** Beyond this, a client uploads again later instead of waiting for minutes. */
const MAX_WAITING = 100

const POOL = {
  minThreads: 0,
  maxThreads: THREADS,
  concurrentTasksPerWorker: 1,
  idleTimeout: 30_000,
  resourceLimits: { maxOldGenerationSizeMb: 256 },
} as const

/** The worker starts with the first file, because it loads libraries that most gateways need late or never. */
export function createInspector({ logger }: { logger: Logger }): Inspector {
  let pool: Promise<Piscina> | undefined
  const limit = pLimit(THREADS)

  async function startPool(): Promise<Piscina> {
    const { Piscina: Pool } = await import('piscina')
    // The same file is TypeScript in the repository and JavaScript in the package.
    const filename = join(import.meta.dirname, `inspection-worker${extname(import.meta.filename)}`)
    return new Pool({ ...POOL, filename })
  }

  async function run(job: Omit<InspectionJob, 'limits'>): Promise<InspectionResult> {
    const running = await (pool ??= startPool())
    const signal = AbortSignal.timeout(INSPECTION_TIMEOUT_MS)
    const task: InspectionJob = { ...job, limits: IMAGE_LIMITS }
    try {
      return (await running.run(task, { name: 'inspect', signal })) as InspectionResult
    } catch (error) {
      logger.warn(
        { err: error, byteSize: job.byteSize },
        'inspection of an upload failed; it becomes a download',
      )
      return asDownload(job)
    }
  }

  return {
    async inspect(job) {
      if (limit.pendingCount >= MAX_WAITING)
        throw unavailable('Too many files wait to be inspected. Upload it again.')
      return limit(() => run(job))
    },
    async close() {
      await (await pool)?.destroy()
    },
  }
}

function asDownload({ fileName, byteSize }: Omit<InspectionJob, 'limits'>): InspectionResult {
  const none = { width: null, height: null, thumbhash: null, hasThumbnails: false }
  return { ...kindOf(undefined, UNKNOWN_TYPE), ...none, fileName, byteSize }
}

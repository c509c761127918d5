import { extname, join } from 'node:path'
import type { Piscina } from 'piscina'
import type { InspectionJob, InspectionResult } from './inspection-worker.ts'
import { kindOf, UNKNOWN_TYPE } from './file-kind.ts'
import type { Logger } from '../telemetry/logger.ts'

/** Finds out what an uploaded file is, outside of the event loop. */
export type Inspector = Readonly<{
  /** Never rejects because of the file: what cannot be inspected is a file to download. */
  inspect(job: Omit<InspectionJob, 'limits'>): Promise<InspectionResult>
  close(): Promise<void>
}>

/** 50 million pixels take 200 MB of memory. */
const IMAGE_LIMITS = { maxPixels: 50_000_000, maxFrames: 500, stepTimeoutS: 20 } as const

/** More than all steps of an image. A worker that takes longer is ended. */
const INSPECTION_TIMEOUT_MS = 90_000

/** One at a time: large images fill the memory that the limits allow, and messages need the processor too. */
const POOL = {
  minThreads: 0,
  maxThreads: 1,
  concurrentTasksPerWorker: 1,
  idleTimeout: 30_000,
  resourceLimits: { maxOldGenerationSizeMb: 256 },
} as const

/** The worker starts with the first file, because it loads libraries that most gateways need late or never. */
export function createInspector({ logger }: { logger: Logger }): Inspector {
  let pool: Promise<Piscina> | undefined

  async function startPool(): Promise<Piscina> {
    const { Piscina: Pool } = await import('piscina')
    // The same file is TypeScript in the repository and JavaScript in the package.
    const filename = join(import.meta.dirname, `inspection-worker${extname(import.meta.filename)}`)
    return new Pool({ ...POOL, filename })
  }

  return {
    async inspect(job) {
      const running = await (pool ??= startPool())
      const signal = AbortSignal.timeout(INSPECTION_TIMEOUT_MS)
      try {
        return (await running.run({ ...job, limits: IMAGE_LIMITS } satisfies InspectionJob, {
          name: 'inspect',
          signal,
        })) as InspectionResult
      } catch (error) {
        logger.warn(
          { err: error, byteSize: job.byteSize },
          'inspection of an upload failed; it becomes a download',
        )
        return asDownload(job)
      }
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

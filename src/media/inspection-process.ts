// The program of a child process that inspects files, one at a time. See `createProcessPool`.
import { makeExpendable } from './expendable.ts'
import { type InspectionJob, inspectFile, type InspectionResult } from './inspect-file.ts'
import type { ProcessAnswer } from './process-pool.ts'

process.on('disconnect', () => process.exit())
process.on('message', (job: InspectionJob) => void answer(job))

async function answer(job: InspectionJob): Promise<void> {
  makeExpendable()
  const outcome = await outcomeOf(job)
  const { user, system } = process.cpuUsage()
  const used = { rssBytes: process.memoryUsage.rss(), cpuSeconds: (user + system) / 1e6 }
  const message: ProcessAnswer<InspectionResult> = { ...outcome, ...used }
  process.send?.(message)
}

async function outcomeOf(job: InspectionJob) {
  try {
    return { type: 'done', result: await inspectFile(job) } as const
  } catch (error) {
    return { type: 'failed', reason: error instanceof Error ? error.message : 'unknown error' } as const
  }
}

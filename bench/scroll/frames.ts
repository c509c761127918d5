import type { CDPSession } from 'playwright-core'

/** An event of a trace of Chromium. Times are in microseconds. */
type TraceEvent = Readonly<{
  name: string
  ph: string
  ts: number
  pid: number
  tid: number
  /** CPU time of the thread, which waiting for a processor does not add to. */
  tdur?: number
  args?: Readonly<{ name?: string }>
}>

/** The work of a page's main thread, frame by frame, in milliseconds of CPU time. */
export type Frames = Readonly<{
  workMs: readonly number[]
  /** Tasks of more than 50 ms, which keep the page from responding. */
  longTasks: number
}>

const CATEGORIES = ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline']
const TASK = 'ThreadControllerImpl::RunTask'
const FRAME = 'BeginMainThreadFrame'
const LONG_TASK_MS = 50

/**
 * Traces the page while `action` runs. A frame's work is that of all tasks of the main thread since the frame before:
 * scripts, styles, layout, painting and garbage collection. Other threads draw meanwhile.
 */
export async function traceFrames(cdp: CDPSession, action: () => Promise<void>): Promise<Frames> {
  const events: TraceEvent[] = []
  cdp.on('Tracing.dataCollected', ({ value }) => void events.push(...(value as unknown as TraceEvent[])))
  const completed = new Promise<void>((resolve) => void cdp.once('Tracing.tracingComplete', () => resolve()))
  await cdp.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { recordMode: 'recordAsMuchAsPossible', includedCategories: CATEGORIES },
  })
  await action()
  await cdp.send('Tracing.end')
  await completed
  return framesIn(events)
}

function framesIn(events: readonly TraceEvent[]): Frames {
  const main = mainThread(events)
  const own = events.filter(({ pid, tid }) => `${pid} ${tid}` === main).sort((a, b) => a.ts - b.ts)
  const workMs: number[] = []
  let [longTasks, work, hasBegun] = [0, 0, false]
  for (const { name, ph, tdur = 0 } of own) {
    if (name === TASK && ph === 'X') {
      work += tdur / 1_000
      if (tdur / 1_000 > LONG_TASK_MS) longTasks += 1
    } else if (name === FRAME) {
      if (hasBegun) workMs.push(work)
      hasBegun = true
      work = 0
    }
  }
  return { workMs, longTasks }
}

/** The main thread that drew the most frames: that of the page. */
function mainThread(events: readonly TraceEvent[]): string {
  const frames = new Map<string, number>()
  for (const { name, pid, tid } of events) {
    if (name === FRAME) frames.set(`${pid} ${tid}`, (frames.get(`${pid} ${tid}`) ?? 0) + 1)
  }
  const [most] = [...frames].sort(([, a], [, b]) => b - a)
  if (most === undefined) throw new Error('The trace has no frames.')
  return most[0]
}

/** Returns the value below which this share of all values lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
}

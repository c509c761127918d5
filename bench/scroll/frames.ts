import type { CDPSession } from 'playwright-core'

/** An event of a trace of Chromium. Times are in microseconds. */
type TraceEvent = Readonly<{
  name: string
  ph: string
  ts: number
  pid: number
  tid: number
  /** CPU time of the thread. Waiting for a processor does not add to it. */
  tdur?: number
}>

/** The work of a page's main thread, in milliseconds of CPU time. */
export type Frames = Readonly<{
  /** Of each frame: all tasks since the frame before. */
  workMs: readonly number[]
  /** Tasks of more than 50 ms, which keep the page from responding. */
  longTasks: number
}>

/** The names of tasks and frames, and the fewest categories that have them: tracing more costs the page time. */
const CATEGORIES = ['toplevel', 'disabled-by-default-devtools.timeline.frame']
const TASK = 'ThreadControllerImpl::RunTask'
const FRAME = 'BeginMainThreadFrame'
const LONG_TASK_MS = 50

/**
 * Traces the page while `action` runs. A frame's work is that of the main thread: scripts, styles, layout, painting and
 * garbage collection. Other threads draw meanwhile.
 */
export async function traceFrames(cdp: CDPSession, action: () => Promise<void>): Promise<Frames> {
  const events: TraceEvent[] = []
  const collect = ({ value }: Readonly<{ value: unknown[] }>): void => {
    for (const event of value as readonly TraceEvent[]) events.push(event)
  }
  cdp.on('Tracing.dataCollected', collect)
  const completed = new Promise<void>((resolve) => cdp.once('Tracing.tracingComplete', () => resolve()))
  await cdp.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { recordMode: 'recordAsMuchAsPossible', includedCategories: CATEGORIES },
  })
  await action()
  await cdp.send('Tracing.end')
  await completed
  cdp.off('Tracing.dataCollected', collect)
  return framesIn(events)
}

/** Returns the frames of the main thread that drew the most of them: that of the page. */
export function framesIn(events: readonly TraceEvent[]): Frames {
  const threads = Map.groupBy(events, ({ pid, tid }) => `${pid} ${tid}`)
  const framesOf = (own: readonly TraceEvent[]): number => own.filter(({ name }) => name === FRAME).length
  const [page = []] = [...threads.values()].sort((a, b) => framesOf(b) - framesOf(a))
  const workMs: number[] = []
  let [longTasks, work, hasBegun] = [0, 0, false]
  for (const { name, ph, tdur = 0 } of page.toSorted((a, b) => a.ts - b.ts)) {
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

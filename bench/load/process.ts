// A load process. Opens connections and runs loads as the benchmark asks, in its own process, so that its CPU time is
// known apart from that of the measured servers. See remote.ts for the other side.
import { openClosedLoop } from './closed-loop.ts'
import { openConnect, openIdle } from './connect.ts'
import { openFanOut } from './fan-out.ts'
import { openHistory } from './history.ts'
import { openHotChat } from './hot-chat.ts'
import { openOpenLoop } from './open-loop.ts'
import { openReplay } from './replay.ts'
import type { Answer, Request } from './remote.ts'
import type { Load, Outcome, Workload } from './workload.ts'

const WORKLOADS = {
  closedLoop: openClosedLoop,
  openLoop: openOpenLoop,
  fanOut: openFanOut,
  hotChat: openHotChat,
  history: openHistory,
  connect: openConnect,
  replay: openReplay,
  idle: openIdle,
} satisfies Record<string, Workload>

export type WorkloadName = keyof typeof WORKLOADS

let run: ((load: Load) => Promise<Outcome>) | undefined

async function handle(request: Request): Promise<Answer> {
  try {
    if (request.type === 'open') {
      run = await WORKLOADS[request.workload](request.opening)
      return { type: 'opened' }
    }
    if (run === undefined) throw new Error('No workload is open.')
    return { type: 'outcome', outcome: await run(request.load) }
  } catch (error) {
    return {
      type: 'failed',
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    }
  }
}

process.on('message', (request: Request) => {
  void handle(request).then((answer) => process.send?.(answer))
})
process.on('disconnect', () => process.exit())

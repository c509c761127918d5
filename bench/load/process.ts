// A load process. Opens connections and runs loads as the benchmark asks, in its own process, so that its CPU time is
// known apart from that of the measured servers. See remote.ts for the other side.
import { messageOf } from '../../src/lib/error-info.ts'
import { openClosedLoop } from './closed-loop.ts'
import { openConnect, openIdle } from './connect.ts'
import { openFanOut } from './fan-out.ts'
import { openHistory } from './history.ts'
import { openHotChat } from './hot-chat.ts'
import { openOpenLoop } from './open-loop.ts'
import { openReplay } from './replay.ts'
import type { Answer, Request } from './remote.ts'
import { openSoak } from './soak.ts'
import type { Run, Workload } from './workload.ts'

const WORKLOADS = {
  closedLoop: openClosedLoop,
  openLoop: openOpenLoop,
  fanOut: openFanOut,
  hotChat: openHotChat,
  history: openHistory,
  connect: openConnect,
  replay: openReplay,
  idle: openIdle,
  soak: openSoak,
} satisfies Record<string, Workload>

export type WorkloadName = keyof typeof WORKLOADS

let run: Run | undefined
let running = new AbortController()

async function handle(request: Exclude<Request, { type: 'stop' }>): Promise<Answer> {
  try {
    if (request.type === 'open') {
      run = await WORKLOADS[request.workload](request.opening)
      return { type: 'opened' }
    }
    if (run === undefined) throw new Error('No workload is open.')
    running = new AbortController()
    return { type: 'outcome', outcome: await run(request.load, running.signal) }
  } catch (error) {
    return failure(error)
  }
}

function failure(error: unknown): Answer {
  return { type: 'failed', message: messageOf(error) }
}

process.on('message', (request: Request) => {
  if (request.type === 'stop') running.abort()
  else void handle(request).then((answer) => process.send?.(answer))
})
process.on('uncaughtException', (error) => {
  process.send?.(failure(error), () => process.exit(1))
})
// Ctrl-C reaches all processes of the terminal. The benchmark decides when this one ends.
process.on('SIGINT', () => undefined)
process.on('disconnect', () => process.exit())

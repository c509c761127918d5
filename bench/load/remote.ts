import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { withTimeout } from '../../src/lib/async.ts'
import type { WorkloadName } from './process.ts'
import type { Load, Opening, Outcome } from './workload.ts'

export type Request =
  | Readonly<{ type: 'open'; workload: WorkloadName; opening: Opening }>
  | Readonly<{ type: 'run'; load: Load }>
  | Readonly<{ type: 'stop' }>

export type Answer =
  | Readonly<{ type: 'opened' }>
  | Readonly<{ type: 'outcome'; outcome: Outcome }>
  | Readonly<{ type: 'failed'; message: string }>

/** A load process with open connections. It ends with this process. */
export type LoadProcess = AsyncDisposable &
  Readonly<{
    pid: number
    /** Rejects if the load fails, such as when the measured system closes a connection or does not answer. */
    run(load: Load): Promise<Outcome>
    /** Lets a run of `soak` end early. */
    stop(): void
  }>

const OPEN_WITHIN_S = 180
/** A run lasts longer than its load: it drains, settles, or connects thousands of users. */
const RUN_WITHIN_S = 120

/** Connects the users of a workload. Rejects if that fails. */
export async function startLoad(workload: WorkloadName, opening: Opening): Promise<LoadProcess> {
  const child = fork(fileURLToPath(new URL('process.ts', import.meta.url)), { serialization: 'advanced' })
  const ended = once(child, 'exit')
  const send = (request: Request): void => {
    if (child.connected) child.send(request)
  }
  const ask = async (request: Request, seconds: number): Promise<Answer> => {
    send(request)
    const answered = once(child, 'message').then(([answer]) => answer as Answer)
    const end = ended.then(([code]) => failed(`The load process ended with code ${String(code)}.`))
    const late = () => new Error(`The load was not over after ${seconds} s.`)
    const answer = await withTimeout(seconds * 1_000, Promise.race([answered, end]), late)
    if (answer.type === 'failed') throw new Error(answer.message)
    return answer
  }
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
  }
  try {
    await ask({ type: 'open', workload, opening }, OPEN_WITHIN_S)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    pid: child.pid ?? 0,
    async run(load) {
      const answer = await ask({ type: 'run', load }, load.seconds + RUN_WITHIN_S)
      if (answer.type !== 'outcome') throw new Error('The load process gave no outcome.')
      return answer.outcome
    },
    stop: () => send({ type: 'stop' }),
    [Symbol.asyncDispose]: stop,
  }
}

function failed(message: string): Answer {
  return { type: 'failed', message }
}

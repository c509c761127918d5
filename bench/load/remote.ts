import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { WorkloadName } from './process.ts'
import type { Load, Opening, Outcome } from './workload.ts'

export type Request =
  Readonly<{ type: 'open'; workload: WorkloadName; opening: Opening }> | Readonly<{ type: 'run'; load: Load }>

export type Answer =
  | Readonly<{ type: 'opened' }>
  | Readonly<{ type: 'outcome'; outcome: Outcome }>
  | Readonly<{ type: 'failed'; message: string }>

/** A load process with open connections. It ends with this process. */
export type LoadProcess = AsyncDisposable & Readonly<{ pid: number; run(load: Load): Promise<Outcome> }>

export async function startLoad(workload: WorkloadName, opening: Opening): Promise<LoadProcess> {
  const child = fork(fileURLToPath(new URL('process.ts', import.meta.url)), { serialization: 'advanced' })
  const ended = once(child, 'exit')
  const ask = async (request: Request): Promise<Answer> => {
    child.send(request)
    const end = ended.then(([code]) => ({ type: 'failed', message: `It ended with code ${String(code)}.` }))
    const [answer] = (await Promise.race([once(child, 'message'), end.then((failed) => [failed])])) as [
      Answer,
    ]
    if (answer.type === 'failed') throw new Error(`The load process failed: ${answer.message}`)
    return answer
  }
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
  }
  try {
    await ask({ type: 'open', workload, opening })
  } catch (error) {
    await stop()
    throw error
  }
  return {
    pid: child.pid ?? 0,
    async run(load) {
      const answer = await ask({ type: 'run', load })
      if (answer.type !== 'outcome') throw new Error('The load process gave no outcome.')
      return answer.outcome
    },
    [Symbol.asyncDispose]: stop,
  }
}

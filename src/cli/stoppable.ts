import { listenToSignals } from './stop-signals.ts'
import type { Process } from './verb.ts'

/** Something that takes long was broken off by who started it. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError'
}

/**
 * Does something that SIGTERM and Ctrl-C break off in order. Rejects with StoppedError where one did, which ends by
 * saying what is left of it.
 */
export async function stoppable<Result>(
  { notice }: Pick<Process, 'notice'>,
  whatIsLeft: string,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  using stop = listenToSignals((name) => notice(`${name}: stopping; another one ends it at once`))
  try {
    return await work(stop.signal)
  } catch (error) {
    if (stop.signal.aborted && error === stop.signal.reason)
      throw new StoppedError(`Stopped. ${whatIsLeft}`, { cause: error })
    throw error
  }
}

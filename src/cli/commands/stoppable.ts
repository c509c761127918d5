import type { Process } from '../process.ts'
import { listenToSignals } from './stop-signals.ts'

/** The operator stopped a long operation. The message says what that leaves behind. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError'
}

/**
 * Runs an operation that SIGTERM and Ctrl-C abort. Rejects with StoppedError and `consequence` if one of them did.
 */
export async function stoppable<Result>(
  { notice }: Pick<Process, 'notice'>,
  consequence: string,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  using stop = listenToSignals((name) => notice(`${name}: stopping; another signal ends the process at once`))
  try {
    return await work(stop.signal)
  } catch (error) {
    if (stop.signal.aborted && error === stop.signal.reason) {
      throw new StoppedError(`Stopped. ${consequence}`, { cause: error })
    }
    throw error
  }
}

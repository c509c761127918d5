import type { Process } from '../process.ts'
import { listenToSignals } from './stop-signals.ts'

/** The operator stopped a long operation. The message says what that leaves behind. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError'
}

/**
 * Runs an operation that SIGTERM, Ctrl-C and the end of its npm abort. Then it rejects with StoppedError and
 * `consequence`.
 */
export async function stoppable<Result>(
  { notice, parentEnd }: Pick<Process, 'notice' | 'parentEnd'>,
  consequence: string,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  using stop = listenToSignals(
    (cause) => notice(`${cause}: stopping; another signal ends the process at once`),
    parentEnd,
  )
  try {
    return await work(stop.signal)
  } catch (error) {
    if (stop.signal.aborted && error === stop.signal.reason) {
      throw new StoppedError(`Stopped. ${consequence}`, { cause: error })
    }
    throw error
  }
}

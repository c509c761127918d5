import { CommanderError } from 'commander'
import { describeFailure } from './failure.ts'
import type { Process } from './process.ts'
import { createProgram } from './program.ts'
import { readVersion } from '../config/version.ts'

const EXIT = { done: 0, failed: 1, notUnderstood: 2 } as const

/**
 * The `parley` command as a function. Returns the exit code: 0 done, 1 failed, 2 command line not understood. Never
 * rejects.
 */
export async function main(argv: readonly string[], process: Process): Promise<number> {
  try {
    let exitCode: number = EXIT.done
    const program = createProgram(process, readVersion(), (code) => (exitCode = code))
    await program.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    // commander reports what it prints, help included, by throwing; exit code 0 means that it was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.notUnderstood
    process.notice(describeFailure(error, process.env['LOG_LEVEL'] === 'debug'))
    return EXIT.failed
  }
}

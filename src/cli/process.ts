import type { RawEnvironment } from '../config/env.ts'

/** The environment and output of the process that a command runs in. */
export type Process = Readonly<{
  env: RawEnvironment
  /** Writes a line of the result, for a person or a program that reads it. */
  print: (line: string) => void
  /** Writes a line for the person who watches: progress, warnings, errors. */
  notice: (line: string) => void
  /** Whether standard output is a terminal. */
  isTerminal: boolean
  /** Fires when the npm that started this process has ended. Absent if none did. */
  parentEnd?: AbortSignal
  /** Called with the URL of the API when `serve` is ready. */
  onReady?: ((url: string) => void) | undefined
}>

/** Runs a command and returns the exit code: 0 done, 1 failed. */
export type RunCommand<Input = void> = (process: Process, input: Input) => Promise<number>

/** Loads the module of a verb, and runs the verb. */
export type RunVerb = <Input>(load: () => Promise<RunCommand<Input>>, input: Input) => Promise<void>

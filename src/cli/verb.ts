import type { ParseArgsOptionsConfig } from 'node:util'
import type { RawEnvironment } from '../config/env.ts'

/** What a verb is given of the process that it runs in. */
export type Process = Readonly<{
  env: RawEnvironment
  /** A line for whoever, or whatever program, reads the result. */
  print: (line: string) => void
  /** A line for the person who watches. */
  notice: (line: string) => void
  /** Whether standard output is a terminal. */
  isTerminal: boolean
}>

/** What followed the verb on the command line. */
export type Arguments = Readonly<{
  positionals: readonly string[]
  /** By the option's name; 'true' for one that takes no value. */
  values: Readonly<Record<string, string | undefined>>
}>

/** Answers with the exit code: 0 where all is well, 1 where it is not. */
export type RunVerb = (args: Arguments, process: Process) => Promise<number>

/** A verb as the usage text shows it; its code is loaded when it runs. */
export type Verb = Readonly<{
  name: string
  /** Placeholders of what may follow it. */
  synopsis: string
  summary: string
  /** The names of what must follow it. */
  positionals: readonly string[]
  options: ParseArgsOptionsConfig
  load: () => Promise<RunVerb>
}>

/** The command line says nothing that can be done; the message says why. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

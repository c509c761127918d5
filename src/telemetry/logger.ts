import { createRequire } from 'node:module'
import {
  type DestinationStream,
  type Logger as PinoLogger,
  type LoggerOptions,
  pino,
  stdTimeFunctions,
} from 'pino'
import type { Config } from '../config/config.ts'
import { redactFields, redactLine } from './redact.ts'

/**
 * Structured: fields first, then a constant message. An error goes into the field `err`. Fields named after
 * credentials or people's words (token, authorization, body, …) are blanked, and so are credentials within texts.
 */
export type Logger = PinoLogger

/**
 * A logger that writes a line of JSON each to `destination`, by default standard output; with `pretty`, lines for
 * people, where the development dependency that makes them is installed. Writes are synchronous: what was logged
 * before a crash is there after it.
 */
export function createLogger({ level, pretty }: Config['log'], destination?: DestinationStream): Logger {
  const options: LoggerOptions = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }), log: redactFields },
    serializers: { err: (error: unknown) => error },
    hooks: { streamWrite: redactLine },
  }
  const output = destination ?? pino.destination({ dest: 1, sync: true })
  return pino(options, pretty ? prettified(output) : output)
}

type PinoPretty = Readonly<{
  prettyFactory: (options: Readonly<{ colorize: boolean }>) => (line: string) => string
}>

/** The output itself where the package is not installed, as in production images. */
function prettified(output: DestinationStream): DestinationStream {
  try {
    const { prettyFactory } = createRequire(import.meta.url)('pino-pretty') as PinoPretty
    const format = prettyFactory({ colorize: true })
    return { write: (line) => output.write(format(line)) }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND') return output
    throw error
  }
}

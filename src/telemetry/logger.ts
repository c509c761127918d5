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
import { requestFields } from './request-id.ts'

/**
 * A structured logger: fields first, then a constant message. Errors go into the field `err`. Fields that are named
 * after credentials or message contents (token, authorization, body, …) are redacted, and so are credentials within
 * texts. Lines that are logged during a request carry its `requestId`.
 */
export type Logger = PinoLogger

/**
 * Creates a logger that writes JSON lines to `destination`, by default standard output. With `pretty` it writes
 * readable text, if the development dependency for it is installed. Writes are synchronous, so no line is lost in a
 * crash.
 */
export function createLogger({ level, pretty }: Config['log'], destination?: DestinationStream): Logger {
  const options: LoggerOptions = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }), log: redactFields },
    serializers: { err: (error: unknown) => error },
    mixin: () => ({ ...requestFields() }),
    hooks: { streamWrite: redactLine },
  }
  const output = destination ?? pino.destination({ dest: 1, sync: true })
  return pino(options, pretty ? prettified(output) : output)
}

type PinoPretty = Readonly<{
  prettyFactory: (options: Readonly<{ colorize: boolean }>) => (line: string) => string
}>

/** Returns the output unchanged if the package is not installed, as in production images. */
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

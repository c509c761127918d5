import { createLogger, type Logger } from '../../../src/telemetry/logger.ts'

/** One line of the log, as it was written. */
export type LogLine = Readonly<{ level: string; msg: string; [field: string]: unknown }>

/** A logger, and what it was told from `debug` up. */
export type CapturedLog = Readonly<{ logger: Logger; lines: readonly LogLine[] }>

export function captureLog(): CapturedLog {
  const lines: LogLine[] = []
  const write = (line: string): void => void lines.push(JSON.parse(line) as LogLine)
  return { logger: createLogger({ level: 'debug', pretty: false }, { write }), lines }
}

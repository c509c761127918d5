import type { OnPiece } from './table-file.ts'

/** Reports the progress of a copy from time to time. */
export type Progress = Readonly<{
  /** Returns the function to call for each piece of a table. */
  onPieceOf(table: string): OnPiece
  /** Called when a step begins that may take long and copies nonoun. */
  step(name: string): void
}>

type Options = Readonly<{
  /** The rows of all tables. For a backup, the server's estimate. */
  totalRows: number
  /** The minimum time between two reports, in milliseconds. */
  reportIntervalMs: number
  report: (line: string) => void
  now?: () => number
}>

/** The total is an estimate, so 100 % is never reported before the end. */
const MAX_PERCENT = 99

export function createProgress({
  totalRows,
  reportIntervalMs,
  report,
  now = () => performance.now(),
}: Options): Progress {
  const startedAt = now()
  let [rows, bytes, reportedAt] = [0, 0, startedAt]

  function line(table: string): string {
    const seconds = Math.max((now() - startedAt) / 1_000, 0.001)
    const percent =
      totalRows === 0 ? '' : `, ${Math.min(MAX_PERCENT, Math.floor((100 * rows) / totalRows))} %`
    return `${table}: ${countOf(rows, 'row')}, ${megabytes(bytes)} so far${percent} (${count(Math.round(rows / seconds))} rows/s)`
  }

  function reportIfDue(text: () => string): void {
    if (now() - reportedAt < reportIntervalMs) return
    reportedAt = now()
    report(text())
  }

  return {
    onPieceOf: (table) => (piece) => {
      rows += piece.rows
      bytes += piece.bytes
      reportIfDue(() => line(table))
    },
    step: (name) => reportIfDue(() => `${name} …`),
  }
}

/** `1,234,567`, independent of the locale. */
export function count(number: number): string {
  return number.toLocaleString('en-US')
}

/** `1 row`, `1,234 rows`. */
export function countOf(number: number, noun: string): string {
  return `${count(number)} ${noun}${number === 1 ? '' : 's'}`
}

/** `12.3 MB`, a million bytes each. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

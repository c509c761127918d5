import type { OnPiece } from './table-file.ts'

/** Tells how far a copy has come, now and then. */
export type Progress = Readonly<{
  /** What to call for each piece of a table. */
  of(table: string): OnPiece
  /** Something begins that may take long, and copies nothing. */
  note(what: string): void
}>

type Options = Readonly<{
  /** Of all tables; of a backup by the server's estimate. */
  totalRows: number
  /** At most one line in this time, in milliseconds. */
  everyMs: number
  tell: (line: string) => void
  now?: () => number
}>

/** What an estimate says is never all: only the end is. */
const MOST_PERCENT = 99

export function createProgress({
  totalRows,
  everyMs,
  tell,
  now = () => performance.now(),
}: Options): Progress {
  const startedAt = now()
  let [rows, bytes, toldAt] = [0, 0, startedAt]

  function line(table: string): string {
    const seconds = Math.max((now() - startedAt) / 1_000, 0.001)
    const percent =
      totalRows === 0 ? '' : `, ${Math.min(MOST_PERCENT, Math.floor((100 * rows) / totalRows))} %`
    return `${table}: ${countOf(rows, 'row')}, ${megabytes(bytes)} so far${percent} (${count(Math.round(rows / seconds))} rows/s)`
  }

  function tellNowAndThen(text: () => string): void {
    if (now() - toldAt < everyMs) return
    toldAt = now()
    tell(text())
  }

  return {
    of: (table) => (piece) => {
      rows += piece.rows
      bytes += piece.bytes
      tellNowAndThen(() => line(table))
    },
    note: (what) => tellNowAndThen(() => `${what} …`),
  }
}

/** `1,234,567`, on every machine. */
export function count(number: number): string {
  return number.toLocaleString('en-US')
}

/** `1 row`, `1,234 rows`. */
export function countOf(number: number, thing: string): string {
  return `${count(number)} ${thing}${number === 1 ? '' : 's'}`
}

/** `12.3 MB`, a million bytes each. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

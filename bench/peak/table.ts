import { quantile } from '../measure/statistics.ts'
import { markdown } from '../report/markdown.ts'
import type { Ending, Row } from './samples.ts'
import { startsOf, STEPS } from './steps.ts'

const LEVELS = ['NORMAL', 'BUSY', 'ESSENTIAL']
const HEAD = [
  'offered/s',
  'level',
  'acknowledged/s',
  'refused/s',
  'send→receive p50 / p99 / worst p99',
  'receipts p50 / p99',
  'turned away',
  'memory',
]

/**
 * Returns a Markdown table with one row per step: the medians of its seconds. The first two seconds belong to the
 * change and are left out, except for the worst second.
 */
export function tableOf(rows: readonly Row[]): string {
  const starts = startsOf(STEPS)
  const lines = STEPS.map(({ seconds }, index) => {
    const from = starts[index] ?? 0
    const step = rows.filter(({ at }) => at >= from && at < from + seconds)
    return lineOf(
      step.filter(({ at }) => at >= from + 2),
      Math.max(...known(step.map(({ receiveP99 }) => receiveP99)), 0),
    )
  })
  return markdown([HEAD, ...lines])
}

export function describeEnding({ acknowledged, lost, repeated, receiptsMissing, settledMs }: Ending): string {
  const after = `${(settledMs / 1000).toFixed(1)} s after the last send`
  return `${acknowledged} messages were acknowledged. ${lost} of them never arrived. ${repeated} were repeated after a reconnect. ${after}, ${receiptsMissing} receipts were pending.`
}

function lineOf(rows: readonly Row[], worstMs: number): readonly string[] {
  const mean = (of: (row: Row) => number): string =>
    Math.round(rows.reduce((sum, row) => sum + of(row), 0) / Math.max(1, rows.length)).toLocaleString('en')
  const middle = (of: (row: Row) => number): string => duration(quantile(known(rows.map(of)), 0.5))
  const levels = [...new Set(known(rows.map(({ level }) => level)))].sort((a, b) => a - b)
  return [
    mean(({ offered }) => offered),
    levels.map((level) => LEVELS[level]).join(', ') || 'no answer',
    mean(({ acknowledged }) => acknowledged),
    mean(({ refused }) => Object.values(refused).reduce((sum, count) => sum + count, 0)),
    `${middle(({ receiveP50 }) => receiveP50)} / ${middle(({ receiveP99 }) => receiveP99)} / ${duration(worstMs)}`,
    `${middle(({ receiptP50 }) => receiptP50)} / ${middle(({ receiptP99 }) => receiptP99)}`,
    percent(rows),
    `${Math.round(Math.max(...known(rows.map(({ memoryMb }) => memoryMb)), 0))} MB`,
  ]
}

function percent(rows: readonly Row[]): string {
  const came = rows.reduce((sum, { newcomers }) => sum + newcomers, 0)
  const turnedAway = rows.reduce((sum, row) => sum + row.turnedAway, 0)
  return came === 0 ? '' : `${Math.round((100 * turnedAway) / came)} %`
}

function known(values: readonly number[]): number[] {
  return values.filter((value) => !Number.isNaN(value))
}

function duration(ms: number): string {
  if (Number.isNaN(ms)) return '–'
  return ms < 1_000 ? `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}

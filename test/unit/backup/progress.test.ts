import { expect, test } from 'vitest'
import { createProgress } from '../../../src/backup/progress.ts'

function watched(totalRows: number) {
  const lines: string[] = []
  let nowMs = 0
  const progress = createProgress({
    totalRows,
    reportIntervalMs: 1_000,
    report: (line) => lines.push(line),
    now: () => nowMs,
  })
  return {
    lines,
    progress,
    goTo: (ms: number) => {
      nowMs = ms
    },
  }
}

test('reports the total of all pieces, at most once per interval', () => {
  const { progress, lines, goTo } = watched(10_000)
  const onPiece = progress.onPieceOf('messages')
  for (let ms = 100; ms <= 2_000; ms += 100) {
    goTo(ms)
    onPiece({ rows: 200, bytes: 100_000 })
  }
  expect(lines).toEqual([
    'messages: 2,000 rows, 1.0 MB so far, 20 % (2,000 rows/s)',
    'messages: 4,000 rows, 2.0 MB so far, 40 % (2,000 rows/s)',
  ])
})

test('reports at most 99 % if the estimate is too low, and no percentage without an estimate', () => {
  const low = watched(10)
  low.goTo(1_000)
  low.progress.onPieceOf('users')({ rows: 50, bytes: 500 })
  expect(low.lines).toEqual(['users: 50 rows, 0.0 MB so far, 99 % (50 rows/s)'])
  const none = watched(0)
  none.goTo(1_000)
  none.progress.onPieceOf('users')({ rows: 50, bytes: 500 })
  expect(none.lines).toEqual(['users: 50 rows, 0.0 MB so far (50 rows/s)'])
})

test('reports the name of a step that copies nothing', () => {
  const { progress, lines, goTo } = watched(10)
  progress.step('users: comparing')
  goTo(1_000)
  progress.step('messages: comparing')
  expect(lines).toEqual(['messages: comparing …'])
})

import { expect, test } from 'vitest'
import { createProgress } from '../../../src/backup/progress.ts'

function watched(totalRows: number) {
  const lines: string[] = []
  let nowMs = 0
  const progress = createProgress({
    totalRows,
    everyMs: 1_000,
    tell: (line) => lines.push(line),
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

test('of many pieces one line is told in its time, with all that came before', () => {
  const { progress, lines, goTo } = watched(10_000)
  const onPiece = progress.of('messages')
  for (let ms = 100; ms <= 2_000; ms += 100) {
    goTo(ms)
    onPiece({ rows: 200, bytes: 100_000 })
  }
  expect(lines).toEqual([
    'messages: 2,000 rows, 1.0 MB so far, 20 % (2,000 rows/s)',
    'messages: 4,000 rows, 2.0 MB so far, 40 % (2,000 rows/s)',
  ])
})

test('an estimate that was too low never says that all is done, and none says nothing', () => {
  const low = watched(10)
  low.goTo(1_000)
  low.progress.of('users')({ rows: 50, bytes: 500 })
  expect(low.lines).toEqual(['users: 50 rows, 0.0 MB so far, 99 % (50 rows/s)'])
  const none = watched(0)
  none.goTo(1_000)
  none.progress.of('users')({ rows: 50, bytes: 500 })
  expect(none.lines).toEqual(['users: 50 rows, 0.0 MB so far (50 rows/s)'])
})

test('what takes its time without copying is named, in turn with the rest', () => {
  const { progress, lines, goTo } = watched(10)
  progress.note('users: comparing')
  goTo(1_000)
  progress.note('messages: comparing')
  expect(lines).toEqual(['messages: comparing …'])
})

import { expect, test } from 'vitest'
import { countPerTurn } from '../../../src/lib/count-per-turn.ts'

test('reports how often it was called, once per turn of the event loop', async () => {
  const reports: number[] = []
  const count = countPerTurn((counted) => reports.push(counted))
  for (let call = 0; call < 3; call += 1) count()
  expect(reports).toEqual([])
  await new Promise(setImmediate)
  expect(reports).toEqual([3])
  count()
  await new Promise(setImmediate)
  await new Promise(setImmediate)
  expect(reports).toEqual([3, 1])
})

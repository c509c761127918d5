import { expect, test } from 'vitest'
import { inSlices } from '../../../src/lib/slices.ts'

/** Runs a slice whose items take so many milliseconds each. Returns the items of each turn of the event loop. */
async function turnsOf(items: readonly number[], tookMs: number): Promise<readonly (readonly number[])[]> {
  const turns: number[][] = []
  let now = 0
  let turn: number[] | undefined
  const work = (item: number): void => {
    now += tookMs
    if (turn === undefined) {
      turns.push((turn = []))
      setImmediate(() => (turn = undefined))
    }
    turn.push(item)
  }
  await inSlices(items, work, () => now)
  return turns
}

test('does short work at once', async () => {
  expect(await turnsOf([1, 2, 3, 4, 5], 0.1)).toEqual([[1, 2, 3, 4, 5]])
})

test('lets other work run after two milliseconds', async () => {
  expect(await turnsOf([1, 2, 3, 4, 5], 1)).toEqual([[1, 2], [3, 4], [5]])
})

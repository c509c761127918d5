import { setImmediate as turnOfLoop } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createTurnQueue } from '../../../src/lib/turn-queue.ts'

test('lets one caller begin in each turn of the event loop, in order of arrival', async () => {
  const queue = createTurnQueue()
  const begun: string[] = []
  for (const name of ['first', 'second', 'third']) void queue.turn().then(() => begun.push(name))
  const seen: number[] = []
  for (let turns = 0; turns < 3; turns++) {
    await turnOfLoop()
    seen.push(begun.length)
  }
  expect(seen).toEqual([1, 2, 3])
  expect(begun).toEqual(['first', 'second', 'third'])
})

test('works again after it was empty', async () => {
  const queue = createTurnQueue()
  await queue.turn()
  await queue.turn()
  await Promise.all([queue.turn(), queue.turn()])
})

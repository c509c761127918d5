import { expect, test } from 'vitest'
import { measureCommits } from '../../../src/messages/commit-latency.ts'

test('returns the median of the batches since the last call, or the age of a batch in progress', async () => {
  let now = 0
  const held: (() => void)[] = []
  const append = () => new Promise<readonly []>((resolve) => held.push(() => resolve([])))
  const appendWithAttachments = () => Promise.reject(new Error('not used'))
  const log = measureCommits({ append, appendLocked: append, appendWithAttachments }, () => now)
  expect(log.commitMs()).toBe(0)
  const batches = [log.append([]), log.appendLocked([]), log.append([])]
  for (const ms of [5, 10, 200]) {
    now = ms
    held.shift()?.()
    await batches.shift()
  }
  expect(log.commitMs()).toBe(10)
  expect(log.commitMs()).toBe(0)
  const hanging = log.append([])
  now += 3_000
  expect(log.commitMs()).toBe(3_000)
  held.shift()?.()
  await hanging
})

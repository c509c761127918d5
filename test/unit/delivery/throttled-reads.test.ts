import { expect, test } from 'vitest'
import { createThrottledReads } from '../../../src/delivery/throttled-reads.ts'
import { captureLog } from '../../harness/fixtures/captured-log.ts'
import { createManualWork } from '../../harness/fixtures/manual-work.ts'

test('runs eight reads at a time, however many inboxes start, and estimates the wait', async () => {
  const { run, calls } = createManualWork<number>()
  const { read, expectedWaitMs } = createThrottledReads(captureLog().logger)
  const signal = new AbortController().signal
  const reads = Array.from({ length: 200 }, (_, number) => read(signal, () => run([number])))
  await calls.until((all) => all.length === 8)
  await new Promise((resolve) => setImmediate(resolve))
  expect(calls.all).toHaveLength(8)
  expect(expectedWaitMs()).toBeGreaterThan(0)
  for (let done = 0; done < 200; done += 1) {
    expect(calls.all.length).toBeLessThanOrEqual(done + 8)
    ;(await calls.next()).finish([])
  }
  await Promise.all(reads)
  expect(expectedWaitMs()).toBe(0)
})

test('skips the read of a reader that has gone while it waited', async () => {
  const { run, calls } = createManualWork<number>()
  const { read } = createThrottledReads(captureLog().logger)
  const [here, gone] = [new AbortController(), new AbortController()]
  const first = Array.from({ length: 8 }, (_, number) => read(here.signal, () => run([number])))
  const late = read(gone.signal, () => run([99]))
  await calls.until((all) => all.length === 8)
  gone.abort(new Error('gone'))
  for (let done = 0; done < 8; done += 1) (await calls.next()).finish([])
  await Promise.all(first)
  await expect(late).rejects.toThrow('gone')
  expect(calls.all).toHaveLength(8)
})

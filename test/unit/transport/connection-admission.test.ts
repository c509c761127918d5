import { expect, test } from 'vitest'
import {
  ConnectionRejectedError,
  createConnectionAdmission,
} from '../../../src/transport/websocket/connection-admission.ts'
import { createManualWork } from '../../harness/fixtures/manual-work.ts'

/** Returns when a connection is told to retry, in milliseconds; undefined if it is admitted. */
async function hintOf(waitMs: number, random = 0.5): Promise<number | undefined> {
  const { admit: enter } = createConnectionAdmission({ expectedWaitMs: () => waitMs, random: () => random })
  let isLetIn = false
  try {
    await enter(async () => {
      isLetIn = true
    })
    return undefined
  } catch (error) {
    if (!(error instanceof ConnectionRejectedError)) throw error
    expect(isLetIn).toBe(false)
    return error.retryAfterMs
  }
}

test('admits a connection that would not wait long, and tells others when to retry', async () => {
  expect(await Promise.all([0, 1_999, 2_001, 8_000].map((waitMs) => hintOf(waitMs)))).toEqual([
    undefined,
    undefined,
    2_001,
    8_000,
  ])
})

test('spreads the times to retry, within bounds', async () => {
  expect(await Promise.all([0, 0.25, 0.999].map((random) => hintOf(8_000, random)))).toEqual([
    4_000, 6_000, 11_992,
  ])
  expect(await hintOf(3_600_000, 1)).toBe(30_000)
})

test('runs 32 sign-ins at once, and rejects others if those take long', async () => {
  const { run, calls } = createManualWork<number, string>()
  const { admit: enter } = createConnectionAdmission({ expectedWaitMs: () => 0 })
  const coming = Array.from({ length: 20_000 }, (_, number) => enter(() => run([number])))
  const outcomes = Promise.allSettled(coming)
  await calls.until((all) => all.length === 32)
  let letIn = 0
  for (; letIn < coming.length; letIn += 1) {
    const call = await Promise.race([calls.next(), outcomes.then(() => undefined)])
    if (call === undefined) break
    call.finish([])
  }
  const refused = (await outcomes).filter(({ status }) => status === 'rejected')
  expect(refused.length).toBeGreaterThan(4_000)
  expect(refused.length + letIn).toBe(20_000)
})

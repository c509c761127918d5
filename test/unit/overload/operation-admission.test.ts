import { expect, test } from 'vitest'
import type { ErrorExtensions } from '../../../src/errors.ts'
import { createOperationAdmission } from '../../../src/overload/operation-admission.ts'
import { modeAt, receiptRestMsAt } from '../../../src/overload/features.ts'
import type { ServiceLevel } from '../../../src/overload/levels.ts'
import { ruleOf } from '../../../src/overload/operation-rules.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { alice, bob } from '../../harness/fixtures/chat-events.ts'

/** Admission at a level. The test sets how long quota and throttle make a user wait. */
function at(level: ServiceLevel, waits: { limit?: number; heaviest?: number; atMost?: number } = {}) {
  const metrics = createMetrics()
  const counts = { taken: 0, sent: 0, refused: 0, charged: 0 }
  const admission = createOperationAdmission({
    levels: {
      modeOf: (feature) => modeAt(level, feature),
      retryAfterMs: () => 7_000,
      receiptRestMs: () => receiptRestMsAt(level),
      maxBacklogMs: () => waits.atMost ?? Infinity,
    },
    limits: {
      take: () => ((counts.taken += 1), waits.limit ?? 0),
      charge: (_, costClass, cost) => void (counts.charged += costClass === 'query' ? cost : NaN),
    },
    throttle: {
      throttledForMs: () => waits.heaviest ?? 0,
      recordSend: () => void (counts.sent += 1),
      recordRejection: () => void (counts.refused += 1),
    },
    metrics,
  })
  const admit = (operation: string, viewerId = alice) =>
    admission.admit({ rule: ruleOf(operation), viewerId, cost: 1 })
  return { admit, admission, metrics, counts }
}

function refusal(work: () => unknown): ErrorExtensions | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    return (error as { extensions: ErrorExtensions }).extensions
  }
}

test.for(['Mutation.sendMessage', 'Subscription.inbox', 'Query.chat', 'Query.serviceStatus'])(
  '%s is admitted at every level',
  (operation) => {
    for (const level of ['NORMAL', 'BUSY', 'ESSENTIAL'] as const)
      expect(at(level).admit(operation)).toBeUndefined()
  },
)

test('a feature that is off is rejected with SERVICE_DEGRADED and a time to retry, and counted', async () => {
  const { admit, metrics } = at('BUSY')
  const expected = { code: 'SERVICE_DEGRADED', retryable: true, retryAfterMs: 7_000 }
  expect(refusal(() => admit('Mutation.setTyping'))).toEqual(expected)
  expect(refusal(() => at('NORMAL').admit('Mutation.setTyping'))).toBeUndefined()
  expect(refusal(() => at('ESSENTIAL').admit('Mutation.setTyping'))).toEqual(expected)
  expect(await metrics.registry.metrics()).toContain(
    'parley_rejected_operations_total{code="SERVICE_DEGRADED",feature="typing"} 1',
  )
})

test('a user whose quota is used up gets RATE_LIMITED with the time until it refills', async () => {
  const { admit, metrics, counts } = at('NORMAL', { limit: 40 })
  const expected = { code: 'RATE_LIMITED', retryable: true, retryAfterMs: 40 }
  expect(refusal(() => admit('Mutation.sendMessage'))).toEqual(expected)
  expect(counts).toEqual({ taken: 1, sent: 0, refused: 0, charged: 0 })
  expect(await metrics.registry.metrics()).toContain('parley_rate_limited_total{class="send"} 1')
})

test('a throttled sender cannot send, and can do everything else', () => {
  const { admit, counts } = at('ESSENTIAL', { heaviest: 900 })
  expect(refusal(() => admit('Mutation.sendMessage'))?.retryAfterMs).toBe(900)
  // No quota was taken, and the demand was recorded.
  expect(counts).toEqual({ taken: 0, sent: 0, refused: 1, charged: 0 })
  expect(refusal(() => admit('Query.chat'))).toBeUndefined()
})

test('a throttled sender is rejected before any work is done for the message', () => {
  const { admission } = at('ESSENTIAL', { heaviest: 900 })
  expect(refusal(() => admission.throttleSend(alice, 0))).toEqual({
    code: 'RATE_LIMITED',
    retryable: true,
    retryAfterMs: 900,
  })
  expect(refusal(() => at('ESSENTIAL').admission.throttleSend(alice, 60_000))).toBeUndefined()
})

test('a user whose messages wait for too long has the first one rejected, with that wait as the time to retry', async () => {
  const { admission, metrics, counts } = at('ESSENTIAL', { atMost: 300 })
  expect(refusal(() => admission.throttleSend(alice, 300))).toBeUndefined()
  expect(refusal(() => admission.throttleSend(alice, 300.5))).toMatchObject({
    code: 'RATE_LIMITED',
    retryAfterMs: 301,
  })
  expect(counts).toEqual({ taken: 0, sent: 0, refused: 1, charged: 0 })
  expect(await metrics.registry.metrics()).toContain('parley_rate_limited_total{class="heaviest"} 1')
})

test('while receipts trickle a user can have a few waiting, and more only after those were answered', () => {
  const { admit } = at('ESSENTIAL')
  const releases = Array.from({ length: 16 }, () => admit('Mutation.markDelivered'))
  expect(refusal(() => admit('Mutation.markRead'))).toEqual({
    code: 'SERVICE_DEGRADED',
    retryable: true,
    retryAfterMs: 4_000,
  })
  expect(refusal(() => admit('Mutation.markRead', bob))).toBeUndefined()
  releases[0]?.()
  expect(refusal(() => admit('Mutation.markRead'))).toBeUndefined()
})

test('answers are charged to the quota for queries, one unit for each 64 KiB', () => {
  const { admission, counts } = at('NORMAL')
  admission.chargeAnswer(alice, 65_535)
  expect(counts.charged).toBe(0)
  admission.chargeAnswer(alice, 10 * 65_536 + 1)
  expect(counts.charged).toBe(10)
})

test('without a viewer nothing is limited', () => {
  const { admission } = at('NORMAL', { limit: 40 })
  const rule = ruleOf('Query.viewer')
  expect(admission.admit({ rule, viewerId: undefined, cost: 1 })).toBeUndefined()
})

test('an operation without a rule throws', () => {
  expect(() => ruleOf('Mutation.launchRocket')).toThrow('src/overload/operation-rules.ts')
})

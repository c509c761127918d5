import { expect, test } from 'vitest'
import type { ErrorExtensions } from '../../../src/errors.ts'
import { createOperationAdmission } from '../../../src/overload/operation-admission.ts'
import { modeAt, receiptRestMsAt } from '../../../src/overload/features.ts'
import type { ServiceLevel } from '../../../src/overload/levels.ts'
import { ruleOf } from '../../../src/overload/operation-rules.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { alice, bob } from '../../harness/fixtures/chat-events.ts'

/** A gate at a level, with so long to wait for limits. */
function at(level: ServiceLevel, waits: { limit?: number; heaviest?: number; atMost?: number } = {}) {
  const metrics = createMetrics()
  const counts = { taken: 0, sent: 0, refused: 0 }
  const gate = createOperationAdmission({
    levels: {
      modeOf: (feature) => modeAt(level, feature),
      retryAfterMs: () => 7_000,
      receiptRestMs: () => receiptRestMsAt(level),
      maxBacklogMs: () => waits.atMost ?? Infinity,
    },
    limits: { take: () => ((counts.taken += 1), waits.limit ?? 0) },
    throttle: {
      throttledForMs: () => waits.heaviest ?? 0,
      recordSend: () => void (counts.sent += 1),
      recordRefusal: () => void (counts.refused += 1),
    },
    metrics,
  })
  const admit = (operation: string, viewerId = alice) =>
    gate.admit({ rule: ruleOf(operation), viewerId, cost: 1 })
  return { admit, gate, metrics, counts }
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

test('what is off is SERVICE_DEGRADED, says when to ask again, and is counted', async () => {
  const { admit, metrics } = at('BUSY')
  const expected = { code: 'SERVICE_DEGRADED', retryable: true, retryAfterMs: 7_000 }
  expect(refusal(() => admit('Mutation.setTyping'))).toEqual(expected)
  expect(refusal(() => at('NORMAL').admit('Mutation.setTyping'))).toBeUndefined()
  expect(refusal(() => at('ESSENTIAL').admit('Mutation.setTyping'))).toEqual(expected)
  expect(await metrics.registry.metrics()).toContain(
    'parley_refused_total{code="SERVICE_DEGRADED",feature="typing"} 1',
  )
})

test('who did too much is RATE_LIMITED for as long as their allowance says', async () => {
  const { admit, metrics, counts } = at('NORMAL', { limit: 40 })
  const expected = { code: 'RATE_LIMITED', retryable: true, retryAfterMs: 40 }
  expect(refusal(() => admit('Mutation.sendMessage'))).toEqual(expected)
  expect(counts).toEqual({ taken: 1, sent: 0, refused: 0 })
  expect(await metrics.registry.metrics()).toContain('parley_rate_limited_total{class="send"} 1')
})

test('the heaviest senders are held back from sending, and from nothing else', () => {
  const { admit, counts } = at('ESSENTIAL', { heaviest: 900 })
  expect(refusal(() => admit('Mutation.sendMessage'))?.retryAfterMs).toBe(900)
  // Nothing was spent, and it is known that they wanted to.
  expect(counts).toEqual({ taken: 0, sent: 0, refused: 1 })
  expect(refusal(() => admit('Query.chat'))).toBeUndefined()
})

test('whoever is held back is refused before anything is done for their message', () => {
  const { gate } = at('ESSENTIAL', { heaviest: 900 })
  expect(refusal(() => gate.throttleSend(alice, 0))).toEqual({
    code: 'RATE_LIMITED',
    retryable: true,
    retryAfterMs: 900,
  })
  expect(refusal(() => at('ESSENTIAL').gate.throttleSend(alice, 60_000))).toBeUndefined()
})

test('whoever has had messages waiting for too long has the first refused, and is asked to come back after as long', async () => {
  const { gate, metrics, counts } = at('ESSENTIAL', { atMost: 300 })
  expect(refusal(() => gate.throttleSend(alice, 300))).toBeUndefined()
  expect(refusal(() => gate.throttleSend(alice, 300.5))).toMatchObject({
    code: 'RATE_LIMITED',
    retryAfterMs: 301,
  })
  expect(counts).toEqual({ taken: 0, sent: 0, refused: 1 })
  expect(await metrics.registry.metrics()).toContain('parley_rate_limited_total{class="heaviest"} 1')
})

test('in a trickle a person has a few receipts waiting, and more only when those were answered', () => {
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

test('without a viewer there is nobody to limit: what needs one refuses by itself', () => {
  const { gate } = at('NORMAL', { limit: 40 })
  const rule = ruleOf('Query.viewer')
  expect(gate.admit({ rule, viewerId: undefined, cost: 1 })).toBeUndefined()
})

test('an operation without a rule throws', () => {
  expect(() => ruleOf('Mutation.launchRocket')).toThrow('src/overload/operation-rules.ts')
})

import { expect, test } from 'vitest'
import { performStep, type StepParts, type Work } from '../../../../src/followers/push/perform-step.ts'
import type { PushOutcome } from '../../../../src/followers/push/push-provider.ts'
import type { PushRecord } from '../../../../src/followers/push/push-store.ts'
import { systemClock as clock } from '../../../../src/lib/clock.ts'
import { newChatId } from '../../../../src/ids.ts'
import type { DeviceId, UserId } from '../../../../src/ids.ts'
import { createMetrics } from '../../../../src/telemetry/metrics.ts'

const [BOB, PHONE, ALICE] = ['bob' as UserId, 'phone' as DeviceId, 'alice' as UserId]
/** As before the attempt at message 7: the device shows message 5, and the provider has refused message 3. */
const SHOWN = { isShown: true, attemptedSeq: 5 }
const UNANSWERED = {
  type: 'retry',
  reason: 'timeout',
  afterMs: undefined,
  isDown: true,
  mayHaveArrived: true,
} as const

/** Performs a step for a device. Returns the result, and the calls of the store and the provider in their order. */
async function perform(
  step: 'notify' | 'withdraw',
  outcome: PushOutcome,
  { isUnread = true }: Readonly<{ isUnread?: boolean }> = {},
) {
  const calls: string[] = []
  const records: PushRecord[] = []
  const parts: StepParts = {
    store: {
      attempt: async (_, __, ___, seq) => {
        calls.push(`attempt ${seq}`)
        return isUnread
      },
      record: async (_, __, ___, what) => {
        calls.push('record')
        records.push(what)
      },
    },
    targets: { remove: async () => void calls.push('remove') },
    textOf: undefined,
    clock,
    metrics: createMetrics(),
  }
  const work: Work = {
    chatId: newChatId(),
    userId: BOB,
    device: {
      ...SHOWN,
      deviceId: PHONE,
      target: { provider: 'FCM', token: 'one' },
      sentSeq: 5,
      refusedSeq: 3,
      ackedSeq: 0,
      readSeq: 0,
      retryAt: null,
      attempts: 0,
      otherChats: 0,
    },
    provider: {
      name: 'FCM',
      send: async (_, { type }) => {
        calls.push(type)
        return outcome
      },
    },
    message: {
      seq: 7,
      senderId: ALICE,
      sentAt: new Date(clock.now()),
      expiresAt: null,
      unreadCount: 1,
      firstSentAt: null,
    },
  }
  return { handled: await performStep(step, work, parts), calls, records }
}

test('stores the attempt before the push, and the answer after it', async () => {
  const { handled, calls, records } = await perform('notify', { type: 'accepted' })
  expect(calls).toEqual(['attempt 7', 'message', 'record'])
  expect(records).toEqual([{ type: 'sent', seq: 7 }])
  expect(handled).toEqual({ type: 'done' })
})

test('sends nothing if the person has read the message meanwhile', async () => {
  const { handled, calls } = await perform('notify', { type: 'accepted' }, { isUnread: false })
  expect(calls).toEqual(['attempt 7'])
  expect(handled).toEqual({ type: 'wait', forMs: 0 })
})

test('an attempt without an answer counts as shown', async () => {
  const { handled, records } = await perform('notify', UNANSWERED)
  expect(records).toMatchObject([{ type: 'failed', reason: 'timeout', shown: undefined }])
  expect(handled.type).toBe('retry')
})

test.each<PushOutcome>([
  { type: 'retry', reason: '503', afterMs: undefined, isDown: true },
  { type: 'refused', reason: '413' },
  { type: 'gone', reason: '410' },
])('if the provider has not taken it, the device shows what it showed before: $reason', async (outcome) => {
  const { records } = await perform('notify', outcome)
  expect(records).toMatchObject([{ shown: SHOWN }])
})

test('a refused message is not sent again, and a refused withdrawal keeps no message from being sent', async () => {
  const refused = { type: 'refused', reason: '413' } as const
  expect((await perform('notify', refused)).records).toMatchObject([{ type: 'refused', seq: 7 }])
  const { calls, records } = await perform('withdraw', refused)
  expect(calls).toEqual(['withdrawal', 'record'])
  expect(records).toMatchObject([{ type: 'refused', seq: 3 }])
})

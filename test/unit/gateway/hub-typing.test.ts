import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { TypingChanged } from '../../../src/events/signal.ts'
import { TYPING_TIMEOUT_MS } from '../../../src/gateway/typing-timers.ts'
import type { UserId } from '../../../src/ids.ts'
import { alice, bob, chatId, memberRemoved, sent } from '../../harness/fixtures/chat-events.ts'
import { createHubWorld } from './hub-world.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const typing = (userId: UserId, isTyping: boolean): TypingChanged => {
  return { type: 'TypingChanged', chatId: chatId('tea'), userId, typing: isTyping }
}

function startChat() {
  const { hub, subscribeTo } = createHubWorld()
  return { hub, ofAlice: subscribeTo(alice, ['tea'], 0), ofBob: subscribeTo(bob, ['tea'], 0) }
}

test('delivers that a member types and stops once, and not to that member', () => {
  const { hub, ofAlice, ofBob } = startChat()
  for (const isTyping of [false, true, true, false, false]) hub.deliverSignals([typing(alice, isTyping)])
  expect(ofBob.delivered.all).toEqual([typing(alice, true), typing(alice, false)])
  expect(ofAlice.delivered.all).toEqual([])
})

test.each([3_000, 2_500, 1_900, 1_000, 100])(
  'repeats a typing member at least every 4 s, and at most every 2 s, if the app reports every %i ms',
  async (intervalMs) => {
    const { hub, ofBob } = startChat()
    const deliveredMs: number[] = []
    for (let ms = 0; ms <= 20_000; ms += intervalMs) {
      const before = ofBob.delivered.all.length
      hub.deliverSignals([typing(alice, true)])
      if (ofBob.delivered.all.length > before) deliveredMs.push(ms)
      await vi.advanceTimersByTimeAsync(intervalMs)
    }
    const gaps = deliveredMs.slice(1).map((ms, index) => ms - (deliveredMs[index] ?? 0))
    expect(gaps.length).toBeGreaterThan(4)
    expect(Math.max(...gaps)).toBeLessThanOrEqual(4_000)
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(2_000)
    expect(ofBob.delivered.all.every((item) => item.type === 'TypingChanged' && item.typing)).toBe(true)
  },
)

test('ends typing after silence, counted from the last report', async () => {
  const { hub, ofBob } = startChat()
  hub.deliverSignals([typing(alice, true)])
  await vi.advanceTimersByTimeAsync(TYPING_TIMEOUT_MS - 1)
  hub.deliverSignals([typing(alice, true)])
  await vi.advanceTimersByTimeAsync(TYPING_TIMEOUT_MS - 1)
  expect(ofBob.delivered.all).toEqual([typing(alice, true), typing(alice, true)])
  await vi.advanceTimersByTimeAsync(1)
  expect(ofBob.delivered.all).toEqual([typing(alice, true), typing(alice, true), typing(alice, false)])
})

test.each([
  ['sends a message', sent('tea', 1)],
  ['is removed', memberRemoved('tea', 1, alice)],
])('ends typing when the member %s, once', async (_, event) => {
  const { hub, ofBob } = startChat()
  hub.deliverSignals([typing(alice, true)])
  hub.deliver([event])
  await vi.advanceTimersByTimeAsync(0)
  const expected = [typing(alice, true), event, typing(alice, false)]
  expect(ofBob.delivered.all).toEqual(expected)
  await vi.advanceTimersByTimeAsync(TYPING_TIMEOUT_MS)
  expect(ofBob.delivered.all).toEqual(expected)
})

test('leaves no timer behind when the last member disconnects', () => {
  const { hub, ofAlice, ofBob } = startChat()
  hub.deliverSignals([typing(alice, true)])
  expect(vi.getTimerCount()).toBe(1)
  ofAlice.dispose()
  ofBob.dispose()
  expect(vi.getTimerCount()).toBe(0)
})

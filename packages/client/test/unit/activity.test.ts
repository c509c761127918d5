import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ParleyError } from '../../src/errors.ts'
import type { Request } from '../../src/graphql/http.ts'
import { createActivity } from '../../src/presence/activity.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Records what is reported, as `chat true` or `active`. */
function reports(answer: () => Promise<never> = async () => ({}) as never) {
  const all: string[] = []
  const request = ((_document: string, { input }: { input: { chatId?: string; typing?: boolean } }) => {
    all.push(input.chatId === undefined ? 'active' : `${input.chatId} ${input.typing}`)
    return answer()
  }) as unknown as Request
  return { all, activity: createActivity(request) }
}

test('repeats typing every 3 seconds while keys are pressed, and ends it 4 seconds after the last one', () => {
  const { all, activity } = reports()
  for (let ms = 0; ms <= 6_000; ms += 100) {
    activity.setTyping('chat_1', true)
    vi.advanceTimersByTime(100)
  }
  expect(all).toEqual(['chat_1 true', 'chat_1 true', 'chat_1 true'])
  vi.advanceTimersByTime(3_899)
  expect(all).toHaveLength(3)
  vi.advanceTimersByTime(1)
  expect(all.slice(3)).toEqual(['chat_1 false'])
  vi.advanceTimersByTime(60_000)
  expect(all).toHaveLength(4)
})

test('ends typing at once when the field is empty or another chat is written in, and says it once', () => {
  const { all, activity } = reports()
  activity.setTyping('chat_1', false)
  activity.setTyping('chat_1', true)
  activity.setTyping('chat_2', true)
  activity.setTyping('chat_2', false)
  activity.setTyping('chat_2', false)
  vi.advanceTimersByTime(60_000)
  expect(all).toEqual(['chat_1 true', 'chat_1 false', 'chat_2 true', 'chat_2 false'])
})

test('says nothing about typing that a message has ended, and reports the next at once', () => {
  const { all, activity } = reports()
  activity.setTyping('chat_1', true)
  activity.noteSent('chat_1')
  vi.advanceTimersByTime(60_000)
  activity.setTyping('chat_1', true)
  expect(all).toEqual(['chat_1 true', 'chat_1 true'])
  activity.dispose()
  vi.advanceTimersByTime(60_000)
  expect(all).toHaveLength(2)
})

test('reports activity at most every 10 seconds, however often the app notes it', () => {
  const { all, activity } = reports()
  for (let ms = 0; ms < 20_000; ms += 50) {
    activity.note()
    vi.advanceTimersByTime(50)
  }
  expect(all).toEqual(['active', 'active'])
  vi.advanceTimersByTime(60_000)
  expect(all).toHaveLength(2)
})

test('is silent for as long as a rejection asks for', async () => {
  const { all, activity } = reports(() =>
    Promise.reject(new ParleyError('RATE_LIMITED', 'Slow down.', { retryAfterMs: 30_000 })),
  )
  activity.note()
  await vi.advanceTimersByTimeAsync(29_999)
  activity.note()
  expect(all).toEqual(['active'])
  await vi.advanceTimersByTimeAsync(1)
  activity.note()
  expect(all).toEqual(['active', 'active'])
})

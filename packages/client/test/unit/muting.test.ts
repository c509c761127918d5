import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { NotificationsData } from '../../src/graphql/responses.ts'
import { Model } from '../../src/model/model.ts'
import { UNKNOWN_CHAT } from '../../src/model/records.ts'

const NOW = new Date('2026-11-30T12:00:00.000Z')
const ONE_HOUR_LATER = '2026-11-30T13:00:00.000Z'

beforeEach(() => void vi.useFakeTimers({ now: NOW }))
afterEach(() => void vi.useRealTimers())

/** Two chats with 3 and 4 unread messages, of which the second one is set so. */
function modelWith(notifications: NotificationsData): Model {
  const model = new Model(() => [])
  model.set({ ...UNKNOWN_CHAT, id: 'chat_1', unreadBefore: 3 })
  model.set({ ...UNKNOWN_CHAT, id: 'chat_2', unreadBefore: 4, notifications })
  return model
}

test('muted chats do not count as unread in total', () => {
  const model = modelWith({ level: 'NONE', expiresAt: null })
  expect(model.totalUnread.getSnapshot()).toBe(3)
  expect(model.summary('chat_1').muting).toBeNull()
  expect(model.summary('chat_2')).toMatchObject({ unreadCount: 4, muting: { until: null } })
  model.set({
    ...UNKNOWN_CHAT,
    id: 'chat_2',
    unreadBefore: 4,
    notifications: { level: 'ALL', expiresAt: null },
  })
  expect(model.totalUnread.getSnapshot()).toBe(7)
})

test('muting ends when it is said to end, and listeners are told', async () => {
  const model = modelWith({ level: 'NONE', expiresAt: ONE_HOUR_LATER })
  const totals: number[] = []
  model.totalUnread.subscribe(() => totals.push(model.totalUnread.getSnapshot()))
  await vi.advanceTimersByTimeAsync(3_599_000)
  expect(model.summary('chat_2').muting).toEqual({ until: new Date(ONE_HOUR_LATER) })
  expect(totals.at(-1)).toBe(3)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(model.summary('chat_2').muting).toBeNull()
  expect(totals.at(-1)).toBe(7)
  model.dispose()
})

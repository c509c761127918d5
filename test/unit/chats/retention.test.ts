import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createRetention } from '../../../src/chats/retention.ts'
import type { RetentionPage } from '../../../src/chats/retention-store.ts'
import type { ChatId } from '../../../src/ids.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { captureLog } from '../../harness/fixtures/captured-log.ts'
import { chatId } from '../../harness/fixtures/chat-events.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Retention of two chats with old events. Each of its statements takes 100 ms. */
function createWorld({ isForGood = false, isOn = (): boolean => true, failures = 0 } = {}) {
  let failuresLeft = failures
  const old = [1_200, 3]
  const chats = new Map<ChatId, number>(old.map((count, index) => [chatId(`chat ${index}`), count]))
  const pages: RetentionPage[] = [{ overdue: [...chats.keys()] }, { overdue: [] }]
  const startedAt: number[] = []
  const statement = async (): Promise<void> => {
    startedAt.push(Date.now())
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const metrics = createMetrics()
  const { logger, lines } = captureLog()
  const retention = createRetention({
    store: {
      async nextPage() {
        await statement()
        return pages.shift()
      },
      async trim(id, limit) {
        await statement()
        if (failuresLeft > 0) {
          failuresLeft -= 1
          throw new Error('The connection was lost')
        }
        const count = Math.min(limit, chats.get(id) ?? 0)
        chats.set(id, (chats.get(id) ?? 0) - count)
        return count
      },
    },
    keepS: isForGood ? undefined : 3_600,
    isOn,
    clock: { now: () => Date.now() },
    metrics,
    logger,
  })
  return { retention, metrics, lines, startedAt, left: () => [...chats.values()] }
}

test('rests four times as long as each statement took', async () => {
  const { retention, startedAt, left } = createWorld()
  retention.start()
  await vi.advanceTimersByTimeAsync(3_400)
  expect(left()).toEqual([0, 0])
  const between = startedAt.slice(1).map((at, index) => at - (startedAt[index] ?? 0))
  expect(Math.min(...between)).toBeGreaterThanOrEqual(500)
  const stopping = retention.stop()
  await vi.advanceTimersByTimeAsync(1_000)
  await stopping
})

test('logs the result of a round once, and counts the deleted events', async () => {
  const { retention, metrics, lines } = createWorld()
  retention.start()
  await vi.advanceTimersByTimeAsync(20_000)
  expect(lines).toMatchObject([
    {
      level: 'info',
      msg: 'log retention finished a round; old events were deleted',
      chats: 2,
      events: 1_203,
    },
  ])
  expect((await metrics.logEventsDeleted.get()).values).toMatchObject([{ value: 1_203 }])
  const stopping = retention.stop()
  await vi.advanceTimersByTimeAsync(1_000)
  await stopping
})

test('pauses under load, even in the middle of a chat, and continues afterwards', async () => {
  let isOn = true
  const { retention, left } = createWorld({ isOn: () => isOn })
  retention.start()
  await vi.advanceTimersByTimeAsync(700)
  isOn = false
  await vi.advanceTimersByTimeAsync(60_000)
  expect(left()).toEqual([700, 3])
  isOn = true
  await vi.advanceTimersByTimeAsync(10_000)
  expect(left()).toEqual([0, 0])
  const stopping = retention.stop()
  await vi.advanceTimersByTimeAsync(1_000)
  await stopping
})

test('continues with the page after failed steps', async () => {
  const { retention, left } = createWorld({ failures: 5 })
  retention.start()
  await vi.advanceTimersByTimeAsync(20_000)
  expect(left()).toEqual([0, 0])
  const stopping = retention.stop()
  await vi.advanceTimersByTimeAsync(1_000)
  await stopping
})

test('leaves a page to the next round if ten steps fail in a row', async () => {
  const { retention, left } = createWorld({ failures: 11 })
  retention.start()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(left()).toEqual([1_200, 3])
  const stopping = retention.stop()
  await vi.advanceTimersByTimeAsync(1_000)
  await stopping
})

test('runs no statement if events are kept forever', async () => {
  const { retention, startedAt } = createWorld({ isForGood: true })
  retention.start()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(startedAt).toEqual([])
  await retention.stop()
})

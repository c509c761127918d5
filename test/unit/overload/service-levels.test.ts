import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { LevelCommand } from '../../../src/overload/level-commands.ts'
import { createServiceLevels } from '../../../src/overload/service-levels.ts'
import type { Readings } from '../../../src/overload/thresholds.ts'
import { captureLog } from '../../harness/fixtures/captured-log.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A gateway with load and an operator that the test controls. */
function gateway({ isAutomatic = true } = {}) {
  const readings = {
    eventLoopDelayMs: 0,
    inboundWaitMs: 0,
    waitingSends: 0,
    commitMs: 2,
    waitingStatements: 0,
    memoryShare: 0.1,
  }
  const operator: { command: LevelCommand | undefined; isDown: boolean } = {
    command: undefined,
    isDown: false,
  }
  const pressures: string[] = []
  const levels = createServiceLevels({
    signals: { start: () => undefined, read: (): Readings => ({ ...readings }), stop: () => undefined },
    commands: {
      current: async () => {
        if (operator.isDown) throw new Error('no database')
        return operator.command
      },
    },
    onReading: (pressure) => pressures.push(pressure),
    clock: { now: () => Date.now() },
    now: () => performance.now(),
    isAutomatic,
    logger: captureLog().logger,
  })
  levels.start()
  return { levels, readings, operator, pressures }
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

test('load raises the level within a second, and the status names the time and the paused features', async () => {
  const { levels, readings } = gateway()
  await pass(1_000)
  expect(levels.status()).toMatchObject({ level: 'NORMAL', paused: [] })
  readings.commitMs = 600
  await pass(1_000)
  expect(levels.status()).toMatchObject({
    level: 'ESSENTIAL',
    paused: expect.arrayContaining(['typing']) as [],
  })
  expect(Date.now() - levels.status().since.getTime()).toBeLessThan(1_000)
  expect([levels.modeOf('receipts'), levels.isPaused('presence')]).toEqual(['trickle', true])
  await levels.stop()
})

test("the operator's command applies within a second, upwards and downwards, until it ends", async () => {
  const { levels, readings, operator } = gateway()
  operator.command = { level: 'ESSENTIAL', remainingMs: 5_000 }
  await pass(1_000)
  expect(levels.status().level).toBe('ESSENTIAL')
  operator.command = { level: 'NORMAL', remainingMs: 5_000 }
  readings.commitMs = 600
  await pass(2_000)
  expect(levels.status().level).toBe('NORMAL')
  operator.command = undefined
  await pass(1_000)
  expect(levels.status().level).toBe('ESSENTIAL')
  await levels.stop()
})

test('while the database is down a command stays in force until it expires', async () => {
  const { levels, operator } = gateway()
  operator.command = { level: 'BUSY', remainingMs: 5_000 }
  await pass(1_000)
  operator.isDown = true
  await pass(3_500)
  expect(levels.status().level).toBe('BUSY')
  await pass(1_500)
  expect(levels.status().level).toBe('NORMAL')
  await levels.stop()
})

test('in manual mode load changes nothing and rejects no connection', async () => {
  const { levels, readings, operator, pressures } = gateway({ isAutomatic: false })
  readings.waitingSends = 50_000
  await pass(5_000)
  expect([levels.status().level, levels.connectionRetryAfterMs()]).toEqual(['NORMAL', undefined])
  expect(new Set(pressures)).toEqual(new Set(['NORMAL']))
  operator.command = { level: 'BUSY', remainingMs: 60_000 }
  await pass(1_000)
  expect(levels.status().level).toBe('BUSY')
  await levels.stop()
})

test('connections are rejected only beyond ESSENTIAL, whatever the command is, with a time to retry', async () => {
  const { levels, readings, operator } = gateway()
  operator.command = { level: 'NORMAL', remainingMs: 60_000 }
  readings.waitingSends = 2_000
  await pass(2_000)
  expect(levels.connectionRetryAfterMs()).toBeUndefined()
  readings.waitingSends = 5_000
  await pass(1_000)
  expect(levels.status().level).toBe('NORMAL')
  expect(levels.connectionRetryAfterMs()).toBeGreaterThanOrEqual(5_000)
  readings.waitingSends = 0
  await pass(4_000)
  expect(levels.connectionRetryAfterMs()).toBeUndefined()
  await levels.stop()
})

test('messages may wait for two seconds, less beyond ESSENTIAL, and without a limit in manual mode', async () => {
  const { levels, readings } = gateway()
  expect(levels.maxBacklogMs()).toBe(2_000)
  readings.waitingSends = 5_000
  await pass(1_000)
  expect(levels.maxBacklogMs()).toBe(300)
  await levels.stop()
  const manual = gateway({ isAutomatic: false })
  expect(manual.levels.maxBacklogMs()).toBe(Infinity)
  await manual.levels.stop()
})

test('two waiting calls of next get two changes, in order', async () => {
  const { levels, operator } = gateway()
  const statuses = levels.subscribe()
  await statuses.next()
  const [first, second] = [statuses.next(), statuses.next()]
  operator.command = { level: 'BUSY', remainingMs: 60_000 }
  await pass(1_000)
  expect((await first).value).toMatchObject({ level: 'BUSY' })
  operator.command = undefined
  await pass(1_000)
  expect((await second).value).toMatchObject({ level: 'NORMAL' })
  await levels.stop()
})

test('the time to retry is spread at random, and bounded', async () => {
  const { levels, operator } = gateway()
  operator.command = { level: 'ESSENTIAL', remainingMs: 86_400_000 }
  await pass(1_000)
  const times = Array.from({ length: 100 }, () => levels.retryAfterMs())
  expect(Math.min(...times)).toBeGreaterThanOrEqual(60_000)
  expect(Math.max(...times)).toBeLessThanOrEqual(90_000)
  expect(new Set(times).size).toBeGreaterThan(50)
  await levels.stop()
})

test('a subscriber gets the present status, then each change, and only the newest if they are slow', async () => {
  const { levels, operator } = gateway()
  const statuses = levels.subscribe()
  expect((await statuses.next()).value).toMatchObject({ level: 'NORMAL' })
  const change = statuses.next()
  operator.command = { level: 'BUSY', remainingMs: 60_000 }
  await pass(1_000)
  expect((await change).value).toMatchObject({ level: 'BUSY' })
  operator.command = { level: 'NORMAL', remainingMs: 60_000 }
  await pass(1_000)
  operator.command = { level: 'ESSENTIAL', remainingMs: 60_000 }
  await pass(1_000)
  expect((await statuses.next()).value).toMatchObject({ level: 'ESSENTIAL' })
  const last = statuses.next()
  await statuses.return()
  expect(await last).toEqual({ done: true, value: undefined })
  await levels.stop()
})

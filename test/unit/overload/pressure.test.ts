import { expect, test } from 'vitest'
import {
  earliestEndMs,
  type PressureState,
  initialPressure,
  transition,
} from '../../../src/overload/pressure.ts'
import type { Pressure } from '../../../src/overload/levels.ts'
import { type Readings, THRESHOLDS } from '../../../src/overload/thresholds.ts'

const IDLE: Readings = {
  eventLoopDelayMs: 0,
  inboundWaitMs: 0,
  waitingSends: 0,
  commitMs: 2,
  waitingStatements: 0,
  memoryShare: 0.2,
}
const READING_INTERVAL_MS = 250

/** A gateway with chosen readings. Time passes with each reading. */
function gateway() {
  let now = 0
  let state: PressureState = initialPressure(now)
  return {
    /** Repeats the readings for `forMs` milliseconds. Returns each new pressure. */
    reads: (readings: Partial<Readings>, forMs = READING_INTERVAL_MS): Pressure[] => {
      const changes: Pressure[] = []
      for (const until = now + forMs; now < until;) {
        now += READING_INTERVAL_MS
        const before = state.pressure
        state = transition(state, { ...IDLE, ...readings }, now)
        if (state.pressure !== before) changes.push(state.pressure)
      }
      return changes
    },
    pressure: () => state.pressure,
    endsInMs: () => earliestEndMs(state, now),
  }
}

const SIGNALS = Object.keys(THRESHOLDS) as (keyof Readings)[]

test.for(SIGNALS)('three high readings of %s in a row raise the level, and two do not', (signal) => {
  const { reads, pressure } = gateway()
  const high = { [signal]: THRESHOLDS[signal].BUSY.up }
  reads(high, 2 * READING_INTERVAL_MS)
  reads({})
  reads(high, 2 * READING_INTERVAL_MS)
  expect(pressure()).toBe('NORMAL')
  reads(high)
  expect(pressure()).toBe('BUSY')
})

test.for(SIGNALS)('each level of %s is left at a lower reading than it is reached at', (signal) => {
  for (const { up, down } of Object.values(THRESHOLDS[signal])) expect(down).toBeLessThan(up)
  const ups = Object.values(THRESHOLDS[signal]).map(({ up }) => up)
  expect(ups).toEqual([...ups].sort((a, b) => a - b))
})

test('a sudden flood raises the pressure within a second, to the lowest that all readings demand', () => {
  expect(gateway().reads({ waitingSends: 20_000 }, 1_000)).toEqual(['BEYOND'])
  const { reads, pressure } = gateway()
  reads({ eventLoopDelayMs: 160 })
  reads({ eventLoopDelayMs: 5_000 })
  reads({ eventLoopDelayMs: 5_000 })
  expect(pressure()).toBe('ESSENTIAL')
})

test('slow commits alone pause features, and neither throttle senders nor reject connections', () => {
  const slow = { commitMs: 5_000 }
  const { reads, pressure } = gateway()
  reads(slow, 60_000)
  expect(pressure()).toBe('ESSENTIAL')
  reads({ ...slow, waitingSends: 250 }, 1_000)
  expect(pressure()).toBe('BEYOND')
  reads(slow, 10_000)
  expect(pressure()).toBe('ESSENTIAL')
})

test('one extreme reading after a short freeze changes nothing', () => {
  const { reads, pressure } = gateway()
  reads({ eventLoopDelayMs: 5_000 })
  reads({ eventLoopDelayMs: 20 }, 1_000)
  expect(pressure()).toBe('NORMAL')
})

test('the pressure is lowered one step at a time, after calm and its least duration', () => {
  const { reads, endsInMs } = gateway()
  reads({ waitingSends: 20_000 }, 750)
  expect(endsInMs()).toBe(3_000)
  expect(reads({}, 2_900)).toEqual([])
  expect(reads({}, 60_000)).toEqual(['ESSENTIAL', 'BUSY', 'NORMAL'])
})

test('between the two thresholds nothing changes, however long that lasts', () => {
  const { reads } = gateway()
  expect(reads({ commitMs: 150 }, 750)).toEqual(['BUSY'])
  expect(reads({ commitMs: 100 }, 600_000)).toEqual([])
  expect(reads({ commitMs: 74 }, 10_000)).toEqual(['NORMAL'])
})

test('one high reading restarts the time of calm', () => {
  const { reads, pressure } = gateway()
  reads({ commitMs: 150 }, 750)
  for (let round = 0; round < 20; round += 1) {
    reads({}, 2_500)
    reads({ commitMs: 100 })
  }
  expect(pressure()).toBe('BUSY')
})

test('a level that returns soon lasts twice as long each time, up to two minutes', () => {
  const { reads, endsInMs } = gateway()
  const durations: number[] = []
  for (let round = 0; round < 6; round += 1) {
    reads({ commitMs: 150 }, 750)
    durations.push(endsInMs())
    reads({}, endsInMs() + 5_000)
  }
  expect(durations).toEqual([10_000, 20_000, 40_000, 80_000, 120_000, 120_000])
})

test('a peak after a long calm has the usual least duration', () => {
  const { reads, endsInMs } = gateway()
  reads({ commitMs: 150 }, 750)
  reads({}, 90_000)
  reads({ commitMs: 150 }, 750)
  expect(endsInMs()).toBe(10_000)
})

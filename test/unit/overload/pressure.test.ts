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
  waitingToBeReadMs: 0,
  waitingSends: 0,
  commitMs: 2,
  waitingStatements: 0,
  memoryShare: 0.2,
}
const READ_EVERY_MS = 250

/** A gateway whose readings are chosen, and whose time passes as it reads. */
function gateway() {
  let now = 0
  let ladder: PressureState = initialPressure(now)
  return {
    /** Reads the same for so long; answers with every pressure on the way that is another than the last. */
    reads: (readings: Partial<Readings>, forMs = READ_EVERY_MS): Pressure[] => {
      const changes: Pressure[] = []
      for (const until = now + forMs; now < until;) {
        now += READ_EVERY_MS
        const before = ladder.pressure
        ladder = transition(ladder, { ...IDLE, ...readings }, now)
        if (ladder.pressure !== before) changes.push(ladder.pressure)
      }
      return changes
    },
    pressure: () => ladder.pressure,
    endsInMs: () => earliestEndMs(ladder, now),
  }
}

const SIGNALS = Object.keys(THRESHOLDS) as (keyof Readings)[]

test.for(SIGNALS)('three high readings of %s in a row raise the level, and two do not', (signal) => {
  const { reads, pressure } = gateway()
  const high = { [signal]: THRESHOLDS[signal].BUSY.up }
  reads(high, 2 * READ_EVERY_MS)
  reads({})
  reads(high, 2 * READ_EVERY_MS)
  expect(pressure()).toBe('NORMAL')
  reads(high)
  expect(pressure()).toBe('BUSY')
})

test.for(SIGNALS)('each level of %s is left at a lower reading than it is reached at', (signal) => {
  for (const { up, down } of Object.values(THRESHOLDS[signal])) expect(down).toBeLessThan(up)
  const ups = Object.values(THRESHOLDS[signal]).map(({ up }) => up)
  expect(ups).toEqual([...ups].sort((a, b) => a - b))
})

test('a sudden flood goes straight up within a second, as far as all readings agree', () => {
  expect(gateway().reads({ waitingSends: 20_000 }, 1_000)).toEqual(['BEYOND'])
  const { reads, pressure } = gateway()
  reads({ eventLoopDelayMs: 160 })
  reads({ eventLoopDelayMs: 5_000 })
  reads({ eventLoopDelayMs: 5_000 })
  expect(pressure()).toBe('ESSENTIAL')
})

test('a process that was frozen for a moment is not taken for one with too much to do', () => {
  const { reads, pressure } = gateway()
  reads({ eventLoopDelayMs: 5_000 })
  reads({ eventLoopDelayMs: 20 }, 1_000)
  expect(pressure()).toBe('NORMAL')
})

test('down it goes step by step, when it has been calm and the stay was long enough', () => {
  const { reads, endsInMs } = gateway()
  reads({ waitingSends: 20_000 }, 750)
  expect(endsInMs()).toBe(3_000)
  expect(reads({}, 2_900)).toEqual([])
  expect(reads({}, 60_000)).toEqual(['ESSENTIAL', 'BUSY', 'NORMAL'])
})

test('between the two thresholds nothing changes, for however long', () => {
  const { reads } = gateway()
  expect(reads({ commitMs: 150 }, 750)).toEqual(['BUSY'])
  expect(reads({ commitMs: 100 }, 600_000)).toEqual([])
  expect(reads({ commitMs: 74 }, 10_000)).toEqual(['NORMAL'])
})

test('calm has to last: one high reading among calm ones begins it anew', () => {
  const { reads, pressure } = gateway()
  reads({ commitMs: 150 }, 750)
  for (let round = 0; round < 20; round += 1) {
    reads({}, 2_500)
    reads({ commitMs: 100 })
  }
  expect(pressure()).toBe('BUSY')
})

test('whoever comes down too early stays twice as long each time, up to two minutes', () => {
  const { reads, endsInMs } = gateway()
  const stays: number[] = []
  for (let round = 0; round < 6; round += 1) {
    reads({ commitMs: 150 }, 750)
    stays.push(endsInMs())
    reads({}, endsInMs() + 5_000)
  }
  expect(stays).toEqual([10_000, 20_000, 40_000, 80_000, 120_000, 120_000])
})

test('a peak after a long calm is a new one, and its stay the usual one', () => {
  const { reads, endsInMs } = gateway()
  reads({ commitMs: 150 }, 750)
  reads({}, 90_000)
  reads({ commitMs: 150 }, 750)
  expect(endsInMs()).toBe(10_000)
})

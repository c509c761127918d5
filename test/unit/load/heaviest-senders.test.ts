import { expect, test } from 'vitest'
import { createHeaviestSenders } from '../../../src/load/heaviest-senders.ts'
import type { UserId } from '../../../src/ids.ts'

const [heavy, lively, quiet] = ['heavy', 'lively', 'quiet'] as UserId[] as [UserId, UserId, UserId]

/** Ten seconds in which one sends 200 times, one 20 times and one twice. */
function world() {
  const time = { now: 0 }
  const senders = createHeaviestSenders(() => time.now)
  const admitted = { [heavy]: 0, [lively]: 0, [quiet]: 0 } as Record<UserId, number>
  const send = (who: UserId): void => {
    if (senders.admit(who) === 0) admitted[who] = (admitted[who] ?? 0) + 1
  }
  function tenSeconds(eachTick?: () => void): Record<UserId, number> {
    for (const who of [heavy, lively, quiet]) admitted[who] = 0
    for (let tick = 0; tick < 40; tick += 1) {
      for (let sends = 0; sends < 5; sends += 1) send(heavy)
      if (tick % 2 === 0) send(lively)
      if (tick % 20 === 0) send(quiet)
      eachTick?.()
      time.now += 250
    }
    return { ...admitted }
  }
  return { time, senders, tenSeconds }
}

test('while it can be carried, nobody is held back', () => {
  const { tenSeconds } = world()
  expect(tenSeconds()).toEqual({ heavy: 200, lively: 20, quiet: 2 })
})

test('the heaviest feel it first, people in a conversation never', () => {
  const { senders, tenSeconds } = world()
  tenSeconds()
  for (let ticks = 0; ticks < 5; ticks += 1) senders.tighten()
  const some = tenSeconds()
  expect(some[heavy]).toBeLessThan(100)
  expect([some[lively], some[quiet]]).toEqual([20, 2])
  for (let windows = 0; windows < 8; windows += 1) tenSeconds(senders.tighten)
  const few = tenSeconds(senders.tighten)
  expect(few[quiet]).toBe(2)
  expect(few[heavy]).toBeLessThanOrEqual(10)
  expect(few[lively]).toBeLessThanOrEqual(10)
})

test('when it can be carried again, the cap rises until it holds nobody back', () => {
  const { senders, tenSeconds } = world()
  tenSeconds()
  for (let ticks = 0; ticks < 20; ticks += 1) senders.tighten()
  expect(senders.cap()).toBe(74)
  for (let windows = 0; windows < 3; windows += 1) tenSeconds(senders.relax)
  expect(senders.cap()).toBe(Infinity)
  expect(tenSeconds()).toEqual({ heavy: 200, lively: 20, quiet: 2 })
})

test('whoever is held back and waits as long as was said may send', () => {
  const { time, senders, tenSeconds } = world()
  tenSeconds()
  for (let ticks = 0; ticks < 8; ticks += 1) senders.tighten()
  for (const pauseMs of [0, 1_000, 4_321]) {
    time.now += pauseMs
    const wait = senders.admit(heavy)
    if (wait === 0) continue
    time.now += wait
    expect(senders.admit(heavy)).toBe(0)
  }
})

test('one window of tightening goes no deeper than what people were let through on average', () => {
  const { senders, tenSeconds } = world()
  tenSeconds()
  const after = tenSeconds(senders.tighten)
  expect(after[heavy]).toBeGreaterThan(50)
  expect(after[lively]).toBe(20)
})

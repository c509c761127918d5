import { expect, test } from 'vitest'
import { createSendThrottle } from '../../../src/overload/send-throttle.ts'
import type { UserId } from '../../../src/ids.ts'

const [heavy, heavier, lively, quiet] = ['heavy', 'heavier', 'lively', 'quiet'] as UserId[] as [
  UserId,
  UserId,
  UserId,
  UserId,
]
/** Sends per second. */
const RATES = new Map([
  [heavier, 40],
  [heavy, 20],
  [lively, 2],
  [quiet, 0.2],
])
const TICK_MS = 25

/** Users who send at these rates, whether they are admitted or not. */
function world() {
  const time = { now: 0 }
  const throttle = createSendThrottle(() => time.now)
  /** Returns the admitted rates. `eachReading` is called as often as a gateway reads its signals. */
  function run(seconds: number, eachReading: () => void = () => undefined): Map<UserId, number> {
    const admitted = new Map<UserId, number>([...RATES.keys()].map((who) => [who, 0]))
    const until = time.now + seconds * 1000
    for (; time.now < until; time.now += TICK_MS) {
      for (const [who, rate] of RATES) if (isDue(rate, time.now)) attempt(who, admitted)
      if (time.now % 250 === 0) eachReading()
    }
    return new Map([...admitted].map(([who, count]) => [who, count / seconds]))
  }
  function attempt(who: UserId, admitted: Map<UserId, number>): void {
    if (send(who) === 0) admitted.set(who, (admitted.get(who) ?? 0) + 1)
  }
  /** Returns 0, or how long to wait in milliseconds. */
  function send(who: UserId): number {
    const waitMs = throttle.throttledForMs(who)
    if (waitMs > 0) throttle.recordRejection(who)
    else throttle.recordSend(who)
    return waitMs
  }
  return { time, throttle, run, send }
}

/** Whether a user who sends at this rate does so within the tick. */
function isDue(perSecond: number, at: number): boolean {
  return Math.floor(((at + TICK_MS) * perSecond) / 1000) > Math.floor((at * perSecond) / 1000)
}

function sum(rates: ReadonlyMap<UserId, number>): number {
  return [...rates.values()].reduce((total, rate) => total + rate, 0)
}

test('without overload no user is throttled', () => {
  const { run } = world()
  const admitted = run(10)
  for (const [who, rate] of RATES) expect(admitted.get(who)).toBeCloseTo(rate, 1)
})

test('the first step throttles the heaviest sender, and admits a little less than before in all', () => {
  const { throttle, run } = world()
  const before = sum(run(5))
  throttle.tighten()
  const after = run(10)
  expect(after.get(heavy)).toBeCloseTo(20, 0)
  expect(after.get(heavier)).toBeLessThan(32)
  expect([after.get(lively), after.get(quiet)]).toEqual([2, 0.2])
  expect(sum(after) / before).toBeGreaterThan(0.82)
  expect(sum(after) / before).toBeLessThan(0.9)
})

test('repeated steps lower the cap to the pace of a conversation and no further', () => {
  const { throttle, run } = world()
  run(60, () => throttle.tighten())
  const least = run(10, () => throttle.tighten())
  for (const who of [heavy, heavier, lively]) expect(least.get(who)).toBeCloseTo(0.5, 0)
  expect(least.get(quiet)).toBe(0.2)
  expect(throttle.cap()).toBe(0.5)
})

test('steps keep an interval, and a second in which nothing was carried costs no more than one step', () => {
  const { throttle, time, run } = world()
  run(5)
  for (let times = 0; times < 20; times += 1) throttle.tighten()
  const once = throttle.cap()
  time.now += 3_000
  throttle.tighten()
  run(2)
  expect(throttle.cap() / once).toBeGreaterThan(0.5)
})

test('after the overload the cap rises until no user is throttled', () => {
  const { throttle, run } = world()
  run(5)
  run(6, () => throttle.tighten())
  expect(throttle.cap()).toBeLessThan(20)
  run(45, () => throttle.relax())
  expect(throttle.cap()).toBe(Infinity)
  expect(run(10).get(heavier)).toBeCloseTo(40, 1)
})

test('a throttled user who waits as long as told may send', () => {
  const { time, throttle, run, send } = world()
  run(5)
  run(6, () => throttle.tighten())
  let waitedMs = 0
  for (let times = 0; times < 20; times += 1) {
    const wait = send(heavier)
    waitedMs += wait
    time.now += wait
    if (wait > 0) expect(send(heavier)).toBe(0)
  }
  expect(waitedMs).toBeGreaterThan(0)
})

test('an overload without any sends, such as memory, throttles no user once it is over', () => {
  const { throttle, time, run } = world()
  time.now += 60_000
  throttle.tighten()
  for (let times = 0; times < 2; times += 1) throttle.relax()
  expect(throttle.cap()).toBe(Infinity)
  expect(run(10).get(heavier)).toBeCloseTo(40, 1)
})

test('a budget that was measured in a quiet hour grows quickly when many users send', () => {
  const { throttle, time, send } = world()
  send(quiet)
  time.now += 60_000
  throttle.tighten()
  const crowd = Array.from({ length: 1_000 }, (_, index) => `user${index}` as UserId)
  const startedAt = time.now
  while (throttle.cap() < Infinity && time.now < startedAt + 60_000) {
    for (const who of crowd) send(who)
    time.now += 1_000
    for (let reading = 0; reading < 4; reading += 1) throttle.relax()
  }
  expect(time.now - startedAt).toBeLessThan(12_000)
})

test('without any recorded sends no user is throttled', () => {
  const { throttle, send } = world()
  throttle.relax()
  throttle.tighten()
  expect(send(quiet)).toBe(0)
})

test('rejected sends count as demand: throttling lasts while the demand exceeds the budget', () => {
  const { time, throttle, send } = world()
  const second = (rejected: number): void => {
    for (let times = 0; times < 10; times += 1) send(heavy)
    for (let times = 0; times < rejected; times += 1) throttle.recordRejection(heavy)
    time.now += 1_000
  }
  for (let times = 0; times < 3; times += 1) second(0)
  throttle.tighten()
  for (let times = 0; times < 10; times += 1) {
    second(100)
    throttle.relax()
  }
  expect(throttle.cap()).toBeLessThan(Infinity)
  for (let times = 0; times < 10; times += 1) {
    second(0)
    throttle.relax()
  }
  expect(throttle.cap()).toBe(Infinity)
})

test('a reading beyond ESSENTIAL tightens, the calm that follows changes nothing, and its end relaxes', () => {
  const { throttle, run } = world()
  run(5)
  throttle.adjust('BEYOND', 'BEYOND')
  expect(throttle.cap()).toBeLessThan(Infinity)
  run(60, () => throttle.adjust('BEYOND', 'NORMAL'))
  expect(throttle.cap()).toBeLessThan(Infinity)
  run(60, () => throttle.adjust('ESSENTIAL', 'NORMAL'))
  expect(throttle.cap()).toBe(Infinity)
})

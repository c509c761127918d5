import { expect, test } from 'vitest'
import { createSendThrottle } from '../../../src/overload/send-throttle.ts'
import type { UserId } from '../../../src/ids.ts'

const [heavy, heavier, lively, quiet] = ['heavy', 'heavier', 'lively', 'quiet'] as UserId[] as [
  UserId,
  UserId,
  UserId,
  UserId,
]
/** Sends in a second. */
const RATES = new Map([
  [heavier, 40],
  [heavy, 20],
  [lively, 2],
  [quiet, 0.2],
])
const TICK_MS = 25

/** People who send at these rates, whether or not they are let through. */
function world() {
  const time = { now: 0 }
  const senders = createSendThrottle(() => time.now)
  /** What each was let through, in sends a second; `eachReading` is called as often as a gateway reads its signals. */
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
  /** 0, or how long to wait. */
  function send(who: UserId): number {
    const waitMs = senders.throttledForMs(who)
    if (waitMs > 0) senders.recordRefusal(who)
    else senders.recordSend(who)
    return waitMs
  }
  return { time, senders, run, send }
}

/** Whether one that sends at this rate does so within the tick. */
function isDue(perSecond: number, at: number): boolean {
  return Math.floor(((at + TICK_MS) * perSecond) / 1000) > Math.floor((at * perSecond) / 1000)
}

function sum(rates: ReadonlyMap<UserId, number>): number {
  return [...rates.values()].reduce((total, rate) => total + rate, 0)
}

test('while it can be carried, nobody is held back', () => {
  const { run } = world()
  const admitted = run(10)
  for (const [who, rate] of RATES) expect(admitted.get(who)).toBeCloseTo(rate, 1)
})

test('the heaviest feel it first, and together as much is let through as was carried, but a step', () => {
  const { senders, run } = world()
  const before = sum(run(5))
  senders.tighten()
  const after = run(10)
  expect(after.get(heavy)).toBeCloseTo(20, 0)
  expect(after.get(heavier)).toBeLessThan(32)
  expect([after.get(lively), after.get(quiet)]).toEqual([2, 0.2])
  expect(sum(after) / before).toBeGreaterThan(0.82)
  expect(sum(after) / before).toBeLessThan(0.9)
})

test('it goes on until it is enough, down to the pace of a conversation, which nobody is denied', () => {
  const { senders, run } = world()
  run(60, () => senders.tighten())
  const least = run(10, () => senders.tighten())
  for (const who of [heavy, heavier, lively]) expect(least.get(who)).toBeCloseTo(0.5, 0)
  expect(least.get(quiet)).toBe(0.2)
  expect(senders.cap()).toBe(0.5)
})

test('one step is waited for before the next, and a second in which nothing was carried costs no more than a step', () => {
  const { senders, time, run } = world()
  run(5)
  for (let times = 0; times < 20; times += 1) senders.tighten()
  const once = senders.cap()
  time.now += 3_000
  senders.tighten()
  run(2)
  expect(senders.cap() / once).toBeGreaterThan(0.5)
})

test('when it can be carried again, the cap rises until it holds nobody back', () => {
  const { senders, run } = world()
  run(5)
  run(6, () => senders.tighten())
  expect(senders.cap()).toBeLessThan(20)
  run(45, () => senders.relax())
  expect(senders.cap()).toBe(Infinity)
  expect(run(10).get(heavier)).toBeCloseTo(40, 1)
})

test('whoever is held back and waits as long as was said may send', () => {
  const { time, senders, run, send } = world()
  run(5)
  run(6, () => senders.tighten())
  let heldBack = 0
  for (let times = 0; times < 20; times += 1) {
    const wait = send(heavier)
    heldBack += wait
    time.now += wait
    if (wait > 0) expect(send(heavier)).toBe(0)
  }
  expect(heldBack).toBeGreaterThan(0)
})

test('too much while nobody sends, such as memory, holds nobody back once it is over', () => {
  const { senders, time, run } = world()
  time.now += 60_000
  senders.tighten()
  for (let times = 0; times < 2; times += 1) senders.relax()
  expect(senders.cap()).toBe(Infinity)
  expect(run(10).get(heavier)).toBeCloseTo(40, 1)
})

test('a budget that was measured in a quiet hour is no measure of what many may send after it', () => {
  const { senders, time, send } = world()
  send(quiet)
  time.now += 60_000
  senders.tighten()
  const crowd = Array.from({ length: 1_000 }, (_, index) => `user${index}` as UserId)
  const startedAt = time.now
  while (senders.cap() < Infinity && time.now < startedAt + 60_000) {
    for (const who of crowd) send(who)
    time.now += 1_000
    for (let reading = 0; reading < 4; reading += 1) senders.relax()
  }
  expect(time.now - startedAt).toBeLessThan(12_000)
})

test('nobody is held back where there was nothing to count', () => {
  const { senders, send } = world()
  senders.relax()
  senders.tighten()
  expect(send(quiet)).toBe(0)
})

test('what is refused elsewhere was asked for as well: it is not over as long as more is asked for than is let through', () => {
  const { time, senders, send } = world()
  const second = (refused: number): void => {
    for (let times = 0; times < 10; times += 1) send(heavy)
    for (let times = 0; times < refused; times += 1) senders.recordRefusal(heavy)
    time.now += 1_000
  }
  for (let times = 0; times < 3; times += 1) second(0)
  senders.tighten()
  for (let times = 0; times < 10; times += 1) {
    second(100)
    senders.relax()
  }
  expect(senders.cap()).toBeLessThan(Infinity)
  for (let times = 0; times < 10; times += 1) {
    second(0)
    senders.relax()
  }
  expect(senders.cap()).toBe(Infinity)
})

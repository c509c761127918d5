import { expect, test } from 'vitest'
import { Liveness } from '../../../src/transport/websocket/liveness.ts'
import { SOCKET_LIMITS } from '../../../src/transport/websocket/limits.ts'

const { silenceMs, checkIntervalMs: lookEveryMs } = SOCKET_LIMITS

test('terminates a silent peer after 22 to 24 seconds', () => {
  for (let lastHeard = 0; lastHeard < 1_000; lastHeard += 50) {
    const liveness = new Liveness(0, silenceMs)
    liveness.recordActivity(lastHeard)
    let now = 0
    while (liveness.check(now) !== 'terminate') now += lookEveryMs
    expect(now - lastHeard).toBeGreaterThanOrEqual(22_000)
    expect(now - lastHeard).toBeLessThanOrEqual(24_000)
  }
})

test('keeps a peer that answers its pings, and pings it at least every twelve seconds', () => {
  const liveness = new Liveness(0, silenceMs)
  let pings = 0
  for (let now = 0; now <= 120_000; now += lookEveryMs) {
    const pulse = liveness.check(now)
    expect(pulse).not.toBe('terminate')
    if (pulse === 'ping') liveness.recordActivity(now + 5)
    if (pulse === 'ping') pings += 1
  }
  expect(pings).toBeGreaterThanOrEqual(10)
})

test('does not ping an active peer', () => {
  const liveness = new Liveness(0, silenceMs)
  for (let now = 0; now < 60_000; now += 1_000) {
    liveness.recordActivity(now)
    expect(liveness.check(now + 500)).toBe('none')
  }
})

test('gives a peer its full time again after a reset', () => {
  const liveness = new Liveness(0, silenceMs)
  expect(liveness.check(11_000)).toBe('ping')
  liveness.reset(60_000)
  expect(liveness.check(60_000)).toBe('none')
  expect(liveness.check(71_000)).toBe('ping')
})

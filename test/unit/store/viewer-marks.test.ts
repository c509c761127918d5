import { expect, test } from 'vitest'
import { createViewerMarks, type SharedMarks } from '../../../src/store/replicas/viewer-marks.ts'

function world() {
  const state = { position: 10, isAway: false, isRedisAway: false, now: 1_000, samples: 0 }
  const kept = new Map<string, number>()
  const shared: SharedMarks = {
    async raise(name, mark) {
      if (state.isRedisAway) throw new Error('Redis is away')
      kept.set(name, Math.max(mark, kept.get(name) ?? 0))
    },
    async read(name) {
      if (state.isRedisAway) throw new Error('Redis is away')
      return kept.get(name) ?? 0
    },
  }
  const gateway = () =>
    createViewerMarks({
      sample: async () => {
        state.samples += 1
        if (state.isAway) throw new Error('no primary')
        return state.position
      },
      lastKnownPosition: () => (state.isAway ? state.position : undefined),
      shared,
      now: () => state.now,
    })
  return { state, gateway }
}

test('requires the position of the viewer’s writes on every gateway, and nothing of other viewers', async () => {
  const { gateway } = world()
  const [west, east] = [gateway(), gateway()]
  await west.recordWrite('alice')
  expect(await west.requiredPosition('alice')).toBe(10)
  expect(await east.requiredPosition('alice')).toBe(10)
  expect(await east.requiredPosition('bob')).toBe(0)
})

test('samples the position of deliveries only when the viewer reads', async () => {
  const { state, gateway } = world()
  const marks = gateway()
  for (let count = 0; count < 100; count += 1) marks.recordDelivery('alice')
  expect(state.samples).toBe(0)
  state.position = 20
  expect(await marks.requiredPosition('alice')).toBe(20)
  expect(await marks.requiredPosition('alice')).toBe(20)
  expect(state.samples).toBe(1)
})

test('without a primary, requires the last known position for deliveries and nothing is safe for writes', async () => {
  const { state, gateway } = world()
  const marks = gateway()
  state.isAway = true
  marks.recordDelivery('alice')
  expect(await marks.requiredPosition('alice')).toBe(10)
  await marks.recordWrite('alice')
  expect(await marks.requiredPosition('alice')).toBeUndefined()
  state.isAway = false
  expect(await marks.requiredPosition('alice')).toBe(10)
})

test('the required position is unknown without Redis', async () => {
  const { state, gateway } = world()
  const marks = gateway()
  state.isRedisAway = true
  expect(await marks.recordWrite('alice')).toBe(10)
  expect(await marks.requiredPosition('alice')).toBeUndefined()
})

test('a mark expires after a minute', async () => {
  const { state, gateway } = world()
  const marks = gateway()
  marks.recordDelivery('alice')
  state.now += 61_000
  marks.recordDelivery('bob')
  expect(await marks.requiredPosition('alice')).toBe(0)
})

test('a viewer whose mark was evicted may need any position until a minute has passed', async () => {
  const { state, gateway } = world()
  const marks = gateway()
  marks.recordDelivery('alice')
  for (let index = 0; index < 100_000; index += 1) marks.recordDelivery(`user-${index}`)
  expect(await marks.requiredPosition('alice')).toBeUndefined()
  state.now += 61_000
  expect(await marks.requiredPosition('alice')).toBe(0)
})

test('the eviction of an expired mark changes nothing for other viewers', async () => {
  const { state, gateway } = world()
  const marks = gateway()
  marks.recordDelivery('alice')
  state.now += 60_000
  for (let index = 1; index < 100_000; index += 1) marks.recordDelivery(`user-${index}`)
  state.now += 1
  marks.recordDelivery('carol')
  expect(await marks.requiredPosition('bob')).toBe(0)
})

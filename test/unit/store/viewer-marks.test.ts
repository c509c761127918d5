import { expect, test } from 'vitest'
import { createViewerMarks, type SharedMarks } from '../../../src/store/replicas/viewer-marks.ts'

function world() {
  const state = { position: 10, isAway: false, isRedisAway: false, now: 0, samples: 0 }
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
      lastWords: () => (state.isAway ? state.position : undefined),
      shared,
      now: () => state.now,
    })
  return { state, gateway }
}

test('whoever did nothing may read anything; whoever wrote, what is not older, on every gateway', async () => {
  const { gateway } = world()
  const [west, east] = [gateway(), gateway()]
  await west.wrote('alice')
  expect(await west.required('alice')).toBe(10)
  expect(await east.required('alice')).toBe(10)
  expect(await east.required('bob')).toBe(0)
})

test('being told costs nothing until one reads, and then reaches beyond what was told', async () => {
  const { state, gateway } = world()
  const marks = gateway()
  for (let count = 0; count < 100; count += 1) marks.told('alice')
  expect(state.samples).toBe(0)
  state.position = 20
  expect(await marks.required('alice')).toBe(20)
  expect(await marks.required('alice')).toBe(20)
  expect(state.samples).toBe(1)
})

test('without a primary, who was told reads what there is, and who wrote has to wait for it', async () => {
  const { state, gateway } = world()
  const marks = gateway()
  state.isAway = true
  marks.told('alice')
  expect(await marks.required('alice')).toBe(10)
  await marks.wrote('alice')
  expect(await marks.required('alice')).toBeUndefined()
  state.isAway = false
  expect(await marks.required('alice')).toBe(10)
})

test('without Redis nobody can say what other gateways know', async () => {
  const { state, gateway } = world()
  const marks = gateway()
  state.isRedisAway = true
  expect(await marks.wrote('alice')).toBe(10)
  expect(await marks.required('alice')).toBeUndefined()
})

test('after a minute a mark is forgotten', async () => {
  const { state, gateway } = world()
  const marks = gateway()
  marks.told('alice')
  state.now = 61_000
  marks.told('bob')
  expect(await marks.required('alice')).toBe(0)
})

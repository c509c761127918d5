import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createHashRing } from '../../../src/lib/hash-ring.ts'
import { anyText } from '../../harness/fixtures/arbitraries.ts'

const itself = (name: string): string => name
const keys = Array.from({ length: 500 }, (_, index) => `chat ${index}`)
const nodeNames = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 2, maxLength: 12 })

test('removing a node moves only its keys', () => {
  fc.assert(
    fc.property(nodeNames, fc.nat(), (nodes, index) => {
      const gone = nodes[index % nodes.length]
      const before = createHashRing(nodes, itself)
      const after = createHashRing(
        nodes.filter((node) => node !== gone),
        itself,
      )
      for (const key of keys) {
        if (before.nodeFor(key) === gone) expect(after.nodeFor(key)).not.toBe(gone)
        else expect(after.nodeFor(key)).toBe(before.nodeFor(key))
      }
    }),
    { numRuns: 30 },
  )
})

test('the keys of a removed node spread over all others', () => {
  const nodes = Array.from({ length: 8 }, (_, index) => `lane-${index}`)
  const before = createHashRing(nodes, itself)
  const after = createHashRing(nodes.slice(1), itself)
  const many = Array.from({ length: 20_000 }, (_, index) => `chat ${index}`)
  const heirs = many.filter((key) => before.nodeFor(key) === 'lane-0').map((key) => after.nodeFor(key))
  expect(new Set(heirs)).toEqual(new Set(nodes.slice(1)))
})

test.each([2, 3, 4, 8, 16, 32])(
  'among %i nodes the largest share is within a quarter of the mean',
  (count) => {
    const nodes = Array.from({ length: count }, (_, index) => `lane-${index}`)
    const ring = createHashRing(nodes, itself)
    const shares = new Map(nodes.map((node) => [node, 0]))
    for (let index = 0; index < count * 3_000; index++) {
      const node = ring.nodeFor(`01900000-0000-7000-8000-${index.toString(16).padStart(12, '0')}`)
      shares.set(node, (shares.get(node) ?? 0) + 1)
    }
    expect(Math.max(...shares.values())).toBeLessThan(3_000 * 1.25)
  },
)

test('the node of a key does not depend on the order of the nodes', () => {
  fc.assert(
    fc.property(nodeNames, (nodes) => {
      const [one, other] = [createHashRing(nodes, itself), createHashRing(nodes.toReversed(), itself)]
      for (const key of keys) expect(other.nodeFor(key)).toBe(one.nodeFor(key))
    }),
    { numRuns: 30 },
  )
})

test('the order of the nodes does not matter even if their points coincide', () => {
  const [one, other] = [
    ['node 1416', 'node 2701'],
    ['node 2701', 'node 1416'],
  ].map((nodes) => createHashRing(nodes, itself))
  for (const key of keys) expect(other?.nodeFor(key)).toBe(one?.nodeFor(key))
})

test('every text is a valid key', () => {
  const ring = createHashRing(['alice', 'bob'], itself)
  fc.assert(fc.property(anyText, (key) => ['alice', 'bob'].includes(ring.nodeFor(key))))
})

test('a key belongs to the same node in every process and release', () => {
  const ring = createHashRing(['lane-0', 'lane-1', 'lane-2', 'lane-3'], itself)
  const lanes = ['', 'a', 'b', 'chat 1', 'chat 2', '👍', 'd'].map((key) => ring.nodeFor(key))
  expect(lanes).toEqual(['lane-2', 'lane-2', 'lane-0', 'lane-2', 'lane-0', 'lane-2', 'lane-1'])
})

test('a ring without nodes throws', () => {
  expect(() => createHashRing([], itself)).toThrow(RangeError)
})

import type { ClientStorage } from '../src/api.ts'

/** A value as the client stores it: plain JSON, with absent fields. */
const VALUE = { text: 'a', none: null, absent: undefined, list: [1, { deep: true }] }

/**
 * The contract of `ClientStorage`. `expect` throws if two values differ. It runs in Node.js and in a page, so it
 * uses no test runner.
 */
export const STORAGE_CONTRACT: Readonly<
  Record<
    string,
    (storage: ClientStorage, expectEqual: (actual: unknown, expected: unknown) => void) => Promise<void>
  >
> = {
  'returns what was written, and undefined for other keys': async (storage, expectEqual) => {
    await storage.write(new Map([['a/1', VALUE]]))
    expectEqual(await storage.get('a/1'), VALUE)
    expectEqual(await storage.get('a/2'), undefined)
  },
  'replaces and deletes values': async (storage, expectEqual) => {
    await storage.write(new Map<string, unknown>([['a', 1], ['b', 2]])) // prettier-ignore
    await storage.write(new Map<string, unknown>([['a', 3], ['b', undefined], ['c', undefined]])) // prettier-ignore
    expectEqual(await storage.get('a'), 3)
    expectEqual(await storage.get('b'), undefined)
    expectEqual(await storage.keys(''), ['a'])
  },
  'lists keys with a prefix in ascending order': async (storage, expectEqual) => {
    const keys = ['u/2', 'u/10', 'u/', 'v/1', 'u', 'u/ä']
    await storage.write(new Map(keys.map((key) => [key, 0])))
    expectEqual(await storage.keys('u/'), ['u/', 'u/10', 'u/2', 'u/ä'])
    expectEqual(await storage.keys('w/'), [])
  },
  'makes all changes of a write or none': async (storage, expectEqual) => {
    await storage.write(new Map([['kept', 1]]))
    // Functions cannot be cloned.
    const changes = new Map<string, unknown>([['kept', 2], ['new', 1], ['bad', () => undefined]]) // prettier-ignore
    const failure = await storage.write(changes).then(
      () => 'written',
      () => 'rejected',
    )
    expectEqual([failure, await storage.get('kept'), await storage.get('new')], ['rejected', 1, undefined])
  },
  'keeps a copy of each value': async (storage, expectEqual) => {
    const value = { list: [1] }
    await storage.write(new Map([['a', value]]))
    value.list.push(2)
    const read = await storage.get<typeof value>('a')
    read?.list.push(3)
    expectEqual(await storage.get('a'), { list: [1] })
  },
  'makes concurrent writes one after the other': async (storage, expectEqual) => {
    const writes = Array.from(
      { length: 20 },
      (_, index) =>
      storage.write(new Map([['a', index], ['b', index]])), // prettier-ignore
    )
    await Promise.all(writes)
    expectEqual([await storage.get('a'), await storage.get('b')], [19, 19])
  },
}

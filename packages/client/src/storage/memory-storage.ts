import type { ClientStorage } from '../api.ts'

/** Where values cannot be copied, as in React Native, they are not: the client never changes what it has stored. */
function copy<Value>(value: Value): Value {
  return (globalThis as Partial<typeof globalThis>).structuredClone?.(value) ?? value
}

/** A storage that forgets everything on reload. Values are copied, as in a real one. */
export function memoryStorage(): ClientStorage {
  const values = new Map<string, unknown>()
  return {
    async get<Value>(key: string): Promise<Value | undefined> {
      return copy(values.get(key)) as Value | undefined
    },
    async write(changes) {
      // All values are copied first, so that one that cannot be copied changes nothing.
      const copies = [...changes].map(([key, value]) => [key, copy(value)] as const)
      for (const [key, value] of copies) {
        if (value === undefined) values.delete(key)
        else values.set(key, value)
      }
    },
    async keys(prefix) {
      return [...values.keys()].filter((key) => key.startsWith(prefix)).sort()
    },
    async close() {},
  }
}

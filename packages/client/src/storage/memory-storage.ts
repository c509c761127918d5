import type { ClientStorage } from '../api.ts'

/** A storage that forgets everything on reload. Values are copied, as in a real one. */
export function memoryStorage(): ClientStorage {
  const values = new Map<string, unknown>()
  return {
    async get<Value>(key: string): Promise<Value | undefined> {
      return structuredClone(values.get(key)) as Value | undefined
    },
    async write(changes) {
      // All values are copied first, so that one that cannot be copied changes nothing.
      const copies = [...changes].map(([key, value]) => [key, structuredClone(value)] as const)
      for (const [key, value] of copies) {
        if (value === undefined) values.delete(key)
        else values.set(key, value)
      }
    },
    async keys(prefix) {
      return [...values.keys()].filter((key) => key.startsWith(prefix)).toSorted()
    },
    async close() {},
  }
}

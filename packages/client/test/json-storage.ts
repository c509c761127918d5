import { memoryStorage } from '../src/index.ts'
import type { ClientStorage } from '../src/api.ts'

/** A storage that keeps values as JSON texts, as AsyncStorage of React Native does. */
export function jsonStorage(): ClientStorage {
  const texts = memoryStorage()
  return {
    ...texts,
    async get<Value>(key: string): Promise<Value | undefined> {
      const text = await texts.get<string>(key)
      return text === undefined ? undefined : (JSON.parse(text) as Value)
    },
    write: (changes) =>
      texts.write(
        new Map(
          [...changes].map(([key, value]) => [key, value === undefined ? undefined : JSON.stringify(value)]),
        ),
      ),
    // Ends as an app does that is started again with the same storage.
    close: async () => undefined,
  }
}

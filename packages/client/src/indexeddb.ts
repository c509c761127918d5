import { type IDBPDatabase, openDB } from 'idb'
import type { ClientStorage } from './api.ts'
import { electTab } from './tabs/elect-tab.ts'
import { tabLock } from './tabs/tab-lock.ts'

const STORE = 'values'

/**
 * A storage that survives reloads. All tabs of one origin that use the same name share it, and so share one device id,
 * one inbox and one outbox. Default name: `parley`.
 *
 * Every method rejects if the browser does not allow IndexedDB, as some do in private windows.
 */
export function indexedDbStorage(name = 'parley'): ClientStorage {
  let opened: Promise<IDBPDatabase> | undefined

  function database(): Promise<IDBPDatabase> {
    opened ??= openDB(name, 1, {
      upgrade: (db) => void db.createObjectStore(STORE),
      // Another tab wants to delete or upgrade the database: let it. The next call opens it again.
      blocking: () => void close(),
      terminated: () => (opened = undefined),
    }).catch((error: unknown) => {
      opened = undefined
      throw error
    })
    return opened
  }

  async function close(): Promise<void> {
    const db = opened
    opened = undefined
    ;(await db)?.close()
  }

  return {
    joinTabs: electTab(name),
    exclusively: tabLock(name),
    async get<Value>(key: string): Promise<Value | undefined> {
      return (await (await database()).get(STORE, key)) as Value | undefined
    },
    async write(changes) {
      const transaction = (await database()).transaction(STORE, 'readwrite', { durability: 'strict' })
      const requests: Promise<unknown>[] = [transaction.done]
      try {
        for (const [key, value] of changes)
          requests.push(
            value === undefined ? transaction.store.delete(key) : transaction.store.put(value, key),
          )
      } catch (error) {
        // A value that cannot be copied would not keep the browser from committing those before it.
        transaction.abort()
        await Promise.allSettled(requests)
        throw error
      }
      await Promise.all(requests)
    },
    async keys(prefix) {
      // U+FFFF sorts after every character of a key.
      const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`)
      return (await (await database()).getAllKeys(STORE, range)) as string[]
    },
    close,
  }
}

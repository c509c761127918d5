import { memoryStorage } from '../src/index.ts'
import { indexedDbStorage } from '../src/indexeddb.ts'
import { STORAGE_CONTRACT } from './storage-contract.ts'

function expectEqual(actual: unknown, expected: unknown): void {
  const [left, right] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (left !== right) throw new Error(`${left} is not ${right}`)
}

const storages = { memory: memoryStorage, indexedDb: indexedDbStorage }

/** Runs one test of the contract. Resolves to the message of its failure. */
async function runContract(kind: keyof typeof storages, name: string): Promise<string | undefined> {
  const storage = storages[kind](name)
  try {
    await STORAGE_CONTRACT[name]?.(storage, expectEqual)
    return undefined
  } catch (error) {
    return String(error)
  } finally {
    await storage.close()
  }
}

/** Another connection to the same database, as after a reload, holds what the first one wrote. */
async function survivesClose(): Promise<unknown> {
  const first = indexedDbStorage('reload')
  await first.write(new Map([['a', { deep: [1] }]]))
  await first.close()
  const second = indexedDbStorage('reload')
  try {
    return await second.get('a')
  } finally {
    await second.close()
  }
}

const storagePage = { runContract, survivesClose }
export type StoragePage = typeof storagePage
Object.assign(window, { storagePage })

import { type ClientStorage, memoryStorage } from '@parley/client'
import { indexedDbStorage } from '@parley/client/indexeddb'

/** Where a session keeps unsent messages. A new one for each session, which closes it. */
export type OpenStorage = Readonly<{
  open(): ClientStorage
  /** Whether everything ends with the page. */
  isForgetful: boolean
}>

/**
 * Tries out whether this page may use IndexedDB. Browsers block it in some private windows, in frames of other sites,
 * and by settings, also where they allow localStorage. Then everything is kept in memory.
 */
export async function findStorage(): Promise<OpenStorage> {
  const probe = indexedDbStorage()
  try {
    await probe.get('probe')
    await probe.close()
    return { open: indexedDbStorage, isForgetful: false }
  } catch {
    return { open: memoryStorage, isForgetful: true }
  }
}

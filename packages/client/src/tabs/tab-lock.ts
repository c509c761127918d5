/**
 * Returns a function that runs work of one tab at a time. The browser hands the lock on when its holder closes or
 * crashes. Without Web Locks, as in pages of an
 * insecure origin, the tabs do not wait for each other.
 */
export function tabLock(storage: string): (work: () => Promise<void>) => Promise<void> {
  const { navigator } = globalThis as Partial<Window & typeof globalThis>
  const locks = (navigator as Partial<Navigator> | undefined)?.locks
  return (work) => (locks === undefined ? work() : locks.request(`parley:${storage}`, work))
}

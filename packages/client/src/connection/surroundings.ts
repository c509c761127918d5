/** Calls when the browser has reason to believe that the network is back, until the signal fires. */
export function listenToSurroundings(onUp: () => void, signal: AbortSignal): void {
  const { document } = globalThis as Partial<typeof globalThis>
  // Outside of browsers, as in React Native, there is none.
  if (document === undefined) return
  const onVisible = (): void => {
    if (document.visibilityState === 'visible') onUp()
  }
  globalThis.addEventListener('online', onUp, { signal })
  document.addEventListener('visibilitychange', onVisible, { signal })
}

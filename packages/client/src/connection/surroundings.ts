/** Calls when the browser has reason to believe that the network is back. */
export function listenToSurroundings(onUp: () => void): () => void {
  const { window, document } = globalThis as Partial<Window & typeof globalThis>
  // React Native has a window, but no document.
  if (window === undefined || document === undefined) return () => undefined
  const onVisible = (): void => {
    if (document.visibilityState === 'visible') onUp()
  }
  window.addEventListener('online', onUp)
  document.addEventListener('visibilitychange', onVisible)
  return () => {
    window.removeEventListener('online', onUp)
    document.removeEventListener('visibilitychange', onVisible)
  }
}

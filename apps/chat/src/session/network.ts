import type { Store } from '@parley/client'

/** The network of one session, with a switch that cuts it as a lost connection would. */
export type Network = Readonly<{
  isConnected: Store<boolean>
  setConnected(isConnected: boolean): void
  fetch: typeof globalThis.fetch
  WebSocket: typeof globalThis.WebSocket
}>

export function createNetwork(): Network {
  let isConnected = true
  const listeners = new Set<() => void>()
  const cuts = new Set<() => void>()

  /** A request under way is cut too: its answer is lost, whatever the server did. */
  async function cuttableFetch(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
    if (!isConnected) throw new TypeError('The connection is cut.')
    const abort = new AbortController()
    const cut = (): void => abort.abort(new TypeError('The connection is cut.'))
    cuts.add(cut)
    const signal = init.signal ? AbortSignal.any([init.signal, abort.signal]) : abort.signal
    try {
      return await fetch(input, { ...init, signal })
    } finally {
      cuts.delete(cut)
    }
  }

  class CuttableWebSocket extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols)
      const cut = (): void => this.close()
      cuts.add(cut)
      this.addEventListener('close', () => cuts.delete(cut))
      // While the connection is cut, a socket closes before it opens.
      if (!isConnected) cut()
    }
  }

  return {
    isConnected: {
      getSnapshot: () => isConnected,
      subscribe(listener) {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
    },
    setConnected(next) {
      isConnected = next
      if (next) window.dispatchEvent(new Event('online'))
      else for (const cut of cuts) cut()
      for (const listener of listeners) listener()
    },
    fetch: cuttableFetch,
    WebSocket: CuttableWebSocket,
  }
}

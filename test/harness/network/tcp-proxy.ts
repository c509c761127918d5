import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A network between a client and a server, with its faults. */
export type TcpProxy = AsyncDisposable &
  Readonly<{
    port: number
    /** The target URL through this proxy. */
    url: string
    /** Resets every connection, and refuses new ones until `restore`. */
    cut(): void
    /**
     * Drops one response to the client and resets the connection instead. It is the first response that `matches`, or
     * the response to the first request that `matches`. Resolves when that has happened.
     */
    dropResponse(matches: Matcher): Promise<void>
    /** Silently drops all data until `restore`. */
    blackhole(): void
    restore(): void
  }>

/** Tells whether data from the client or the server matches. */
export type Matcher = (data: Buffer, from: 'client' | 'server') => boolean

type PendingDrop = Readonly<{ matches: Matcher; dropped(): void }>

/** Starts a proxy on a free port of loopback in front of the host and port of `targetUrl`. */
export async function startTcpProxy(targetUrl: string): Promise<TcpProxy> {
  const target = new URL(targetUrl)
  const sockets = new Set<Socket>()
  let state: 'open' | 'cut' | 'blackhole' = 'open'
  let pendingDrop: PendingDrop | undefined

  const server = createServer((inside) => {
    if (state === 'cut') inside.resetAndDestroy()
    else pair(inside, connect(Number(target.port), target.hostname))
  })

  function pair(inside: Socket, outside: Socket): void {
    let isMatched = false
    join(inside, outside, (data) => {
      isMatched ||= pendingDrop?.matches(data, 'client') === true
      return true
    })
    join(outside, inside, (data) => {
      isMatched ||= pendingDrop?.matches(data, 'server') === true
      if (!isMatched) return true
      inside.resetAndDestroy()
      pendingDrop?.dropped()
      pendingDrop = undefined
      isMatched = false
      return false
    })
  }

  /** Forwards data for which `passes` returns true. */
  function join(from: Socket, to: Socket, passes: (data: Buffer) => boolean): void {
    sockets.add(from)
    from.on('data', (data) => void (state === 'open' && passes(data) && to.write(data)))
    from.on('close', () => {
      sockets.delete(from)
      to.destroy()
    })
    // A reset emits 'error' before 'close'.
    from.on('error', () => to.destroy())
  }

  function reset(): void {
    for (const socket of sockets) socket.resetAndDestroy()
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const url = new URL(targetUrl)
  url.host = `127.0.0.1:${port}`

  return {
    port,
    url: url.href,
    cut() {
      state = 'cut'
      reset()
    },
    dropResponse: (matches) => new Promise((dropped) => (pendingDrop = { matches, dropped })),
    blackhole() {
      state = 'blackhole'
    },
    restore() {
      if (state === 'blackhole') reset()
      state = 'open'
    },
    async [Symbol.asyncDispose]() {
      reset()
      server.close()
      await once(server, 'close')
    },
  }
}

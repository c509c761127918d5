import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { pause } from '../../../src/lib/async.ts'

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
    /** Holds all data back until `restore`, as a server does that is frozen. New connections are accepted. */
    freeze(): void
    /** Delays data by this many milliseconds each way, for existing and new connections. 0 ends it. */
    delay(ms: number): void
    restore(): void
  }>

/** Tells whether data from the client or the server matches. */
export type Matcher = (data: Buffer, from: 'client' | 'server') => boolean

type PendingDrop = Readonly<{ matches: Matcher; dropped(): void }>

/** Starts a proxy on a free port of loopback in front of the host and port of `targetUrl`. */
export async function startTcpProxy(targetUrl: string): Promise<TcpProxy> {
  const target = new URL(targetUrl)
  const sockets = new Set<Socket>()
  let state: 'open' | 'cut' | 'blackhole' | 'frozen' = 'open'
  let delayMs = 0
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
    if (state === 'frozen') from.pause()
    let last = Promise.resolve()
    from.on('data', (data) => {
      if (state !== 'open' && state !== 'frozen') return
      if (!passes(data)) return
      const waits = delayMs === 0 ? undefined : pause(delayMs)
      // Data that follows delayed data must not overtake it.
      last = last.then(() => waits).then(() => void to.write(data))
    })
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
    freeze() {
      state = 'frozen'
      for (const socket of sockets) socket.pause()
    },
    delay(ms) {
      delayMs = ms
    },
    restore() {
      if (state === 'blackhole') reset()
      if (state === 'frozen') for (const socket of sockets) socket.resume()
      state = 'open'
    },
    async [Symbol.asyncDispose]() {
      reset()
      server.close()
      await once(server, 'close')
    },
  }
}

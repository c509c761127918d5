import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A network between a client and a server, which can be cut. */
export type TcpProxy = AsyncDisposable &
  Readonly<{
    port: number
    /** The same URL, by way of this proxy. */
    url: string
    /** Resets every connection, and refuses new ones until `restore`. */
    cut(): void
    /**
     * Loses one answer on its way to the client: the one in which `isIt` recognises something, or the one to what it
     * recognises something in. The connection is reset instead. Resolves when that has happened.
     */
    dropResponse(isIt: Matcher): Promise<void>
    /** Passes nothing on any more, without a sound, until `restore`; what was on its way is lost. */
    blackhole(): void
    restore(): void
  }>

/** Whether this is it, which the client or the server said. */
export type Matcher = (said: Buffer, by: 'client' | 'server') => boolean

type Trap = Readonly<{ isIt: Matcher; sprung(): void }>

/** Starts a proxy on a free port of loopback in front of the host and port of `targetUrl`. */
export async function startTcpProxy(targetUrl: string): Promise<TcpProxy> {
  const target = new URL(targetUrl)
  const sockets = new Set<Socket>()
  let state: 'open' | 'cut' | 'blackhole' = 'open'
  let trap: Trap | undefined

  const server = createServer((inside) => {
    if (state === 'cut') inside.resetAndDestroy()
    else pair(inside, connect(Number(target.port), target.hostname))
  })

  function pair(inside: Socket, outside: Socket): void {
    let isTrapped = false
    join(inside, outside, (data) => {
      isTrapped ||= trap?.isIt(data, 'client') === true
      return true
    })
    join(outside, inside, (data) => {
      isTrapped ||= trap?.isIt(data, 'server') === true
      if (!isTrapped) return true
      inside.resetAndDestroy()
      trap?.sprung()
      trap = undefined
      isTrapped = false
      return false
    })
  }

  /** `passes` sees what comes by, and may keep it from going on. */
  function join(from: Socket, to: Socket, passes: (data: Buffer) => boolean): void {
    sockets.add(from)
    from.on('data', (data) => void (state === 'open' && passes(data) && to.write(data)))
    from.on('close', () => {
      sockets.delete(from)
      to.destroy()
    })
    // A reset arrives as an error before 'close'; what follows is the same.
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
    dropResponse: (isIt) => new Promise((sprung) => (trap = { isIt, sprung })),
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

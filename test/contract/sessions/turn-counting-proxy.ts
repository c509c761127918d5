import { once } from 'node:events'
import { connect, createServer } from 'node:net'

/** A proxy that counts round trips: how often the client sends again after the server has answered. */
export type TurnCountingProxy = AsyncDisposable & Readonly<{ url: string; turns(): number }>

/** Starts a proxy in front of a server, for one client with one connection. */
export async function startTurnCountingProxy(targetUrl: string): Promise<TurnCountingProxy> {
  const target = new URL(targetUrl)
  let lastSpeaker: 'client' | 'server' = 'server'
  let turns = 0
  const server = createServer((inside) => {
    const outside = connect(Number(target.port), target.hostname)
    inside.on('data', (data) => {
      if (lastSpeaker === 'server') turns += 1
      lastSpeaker = 'client'
      outside.write(data)
    })
    outside.on('data', (data) => {
      lastSpeaker = 'server'
      inside.write(data)
    })
    inside.on('close', () => outside.destroy())
    outside.on('close', () => inside.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    url: `redis://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    turns: () => turns,
    async [Symbol.asyncDispose]() {
      server.close()
      await once(server, 'close')
    },
  }
}

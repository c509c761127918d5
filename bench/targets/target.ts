import type { Place, Redis } from '../servers/place.ts'
import type { Server } from '../servers/gateway.ts'

/** A system that is running, with the processes whose CPU time counts. */
export type System = AsyncDisposable &
  Readonly<{
    /** WebSocket addresses of its gateways. */
    urls: readonly string[]
    gateways: readonly Server[]
    redis: Redis
    /** Empty if it has no database. */
    databaseUrl: string
  }>

/** `isOpen`: the benchmark looks into the gateways. */
export type StartOptions = Readonly<{ gateways: number; isOpen?: boolean }>

/** Something that can be measured. Its gateways speak graphql-transport-ws, and serve the documents of the load. */
export type Target = Readonly<{
  name: string
  start(place: Place, options: StartOptions): Promise<System>
}>

export type TargetParts = Readonly<{
  name: string
  path: string
  /** Of the addresses. Default: ws. */
  scheme?: string
  /** For a system that needs no second gateway. Default: as many as asked for. */
  maxGateways?: number
  /** Prepares a database that its gateways share. */
  prepare?: (place: Place) => Promise<string>
  startGateway(parts: GatewayParts): Promise<Server>
}>

export type GatewayParts = Readonly<{
  name: string
  folder: string
  databaseUrl: string
  redisUrl: string
  isOpen: boolean
}>

/** Returns a target whose gateways share a database and a Redis server. */
export function targetOf({
  name,
  path,
  scheme = 'ws',
  maxGateways = Infinity,
  prepare,
  startGateway,
}: TargetParts): Target {
  return {
    name,
    async start(place, { gateways: count, isOpen = false }) {
      await using resources = new AsyncDisposableStack()
      const redis = resources.use(await place.startRedis())
      const databaseUrl = (await prepare?.(place)) ?? ''
      const gateways: Server[] = []
      for (let number = 1; number <= Math.min(count, maxGateways); number += 1) {
        const parts = {
          name: `${name}-${number}`,
          folder: place.folder,
          databaseUrl,
          redisUrl: redis.url,
          isOpen,
        }
        gateways.push(resources.use(await startGateway(parts)))
      }
      const owned = resources.move()
      return {
        urls: gateways.map(({ port }) => `${scheme}://127.0.0.1:${port}${path}`),
        gateways,
        redis,
        databaseUrl,
        [Symbol.asyncDispose]: () => owned.disposeAsync(),
      }
    },
  }
}

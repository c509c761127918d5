import { type Client, createClient } from 'graphql-ws'
import { backoffMs, pause } from './pause.ts'

/** How long opening may take, how often a ping is sent, and how long its pong may take, in milliseconds. */
export const TIMINGS = { openMs: 10_000, pingMs: 10_000, pongMs: 5_000 }

/** Returns a WebSocket client that always reconnects, and then subscribes again by itself. */
export function connect(url: string, token: () => string | Promise<string>, timings = TIMINGS): Client {
  let hintMs: number | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  const expectWithin = (ms: number): void => {
    clearTimeout(timer)
    timer = setTimeout(() => client.terminate(), ms)
  }

  const client = createClient({
    url: url.replace(/^http/, 'ws'),
    // A function, so that each reconnect uses the newest token.
    connectionParams: async () => ({ authorization: `Bearer ${await token()}` }),
    // By default, graphql-ws gives up after five attempts and after some close codes.
    shouldRetry: () => true,
    retryAttempts: Infinity,
    // By default, each wait is twice as long as the one before, without end.
    retryWait: (retries) => pause(hintMs ?? backoffMs(retries)),
    // graphql-ws sends pings, but does not notice a missing pong or a connection that never opens.
    keepAlive: timings.pingMs,
    on: {
      connecting: () => expectWithin(timings.openMs),
      connected: () => clearTimeout(timer),
      ping: (received) => received || expectWithin(timings.pongMs),
      pong: (received) => received && clearTimeout(timer),
      closed: (event) => {
        clearTimeout(timer)
        hintMs = hintIn(event)
        console.error('The connection was closed:', event)
      },
    },
  })
  return client
}

/** Returns the wait in the reason of close code 4503. The gateway spreads clients that reconnect at once. */
function hintIn(event: unknown): number | undefined {
  const { reason } = event as { reason?: unknown }
  const [, ms] = /come back in (\d+) ms/.exec(String(reason)) ?? []
  return ms === undefined ? undefined : Number(ms)
}

import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, createClient } from 'graphql-ws'

/** Returns a WebSocket client that always reconnects, and then subscribes again by itself. */
export function connect(url: string, token: () => string): Client {
  let hintMs: number | undefined
  return createClient({
    url: url.replace(/^http/, 'ws'),
    // A function, so that each reconnect uses the newest token.
    connectionParams: () => ({ authorization: `Bearer ${token()}` }),
    shouldRetry: () => true,
    retryAttempts: Infinity,
    // By default, each wait is twice as long as the one before, without end.
    retryWait: (retries) => sleep(hintMs ?? Math.random() * Math.min(500 * 2 ** retries, 30_000)),
    // Detects a connection that died silently.
    keepAlive: 10_000,
    on: {
      closed: (event) => {
        hintMs = hintIn(event)
        console.error('The connection was closed:', event)
      },
    },
  })
}

/** Returns the wait in the reason of close code 4503. The gateway spreads clients that reconnect at once. */
function hintIn(event: unknown): number | undefined {
  const { reason } = event as { reason?: unknown }
  const [, ms] = /come back in (\d+) ms/.exec(String(reason)) ?? []
  return ms === undefined ? undefined : Number(ms)
}

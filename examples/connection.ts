import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, createClient } from 'graphql-ws'

/** A WebSocket that comes back whatever happened, and subscribes again by itself. */
export function connect(url: string, token: () => string): Client {
  return createClient({
    url: url.replace(/^http/, 'ws'),
    // A function, so that each reconnect brings the newest token.
    connectionParams: () => ({ authorization: `Bearer ${token()}` }),
    shouldRetry: () => true,
    retryAttempts: Infinity,
    // By default each wait is twice as long as the one before, without end.
    retryWait: (retries) => sleep(Math.random() * Math.min(500 * 2 ** retries, 30_000)),
    // Notices a connection that died without a word.
    keepAlive: 10_000,
    on: { closed: (event) => console.error('The connection was closed:', event) },
  })
}

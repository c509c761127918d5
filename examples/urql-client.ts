import { Client, fetchExchange, subscriptionExchange } from '@urql/core'
import type { Client as Socket, Sink } from 'graphql-ws'

/** urql with its usual exchanges: subscriptions over the WebSocket, everything else over HTTP. */
export function createUrqlClient(url: string, token: () => string, socket: Socket): Client {
  return new Client({
    url,
    preferGetMethod: false,
    fetchOptions: () => ({ headers: { authorization: `Bearer ${token()}` } }),
    exchanges: [
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query = '', variables = {} }) => ({
          subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink as Sink) }),
        }),
      }),
    ],
  })
}

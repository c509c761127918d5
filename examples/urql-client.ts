import {
  Client,
  fetchExchange,
  type OperationResult,
  type OperationResultSource,
  subscriptionExchange,
} from '@urql/core'
import type { Client as Socket, Sink } from 'graphql-ws'
import type { Api } from './hand-written/inbox.ts'

/** Returns an urql client: subscriptions over the WebSocket, everything else over HTTP. */
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

/** Adapts urql for `followInbox`. */
export function createUrqlApi(client: Client): Api {
  return {
    query: async <Data>(query: string, variables = {}) =>
      dataOf(await client.query<Data>(query, variables, { requestPolicy: 'network-only' })),
    mutate: async <Data>(query: string, variables = {}) =>
      dataOf(await client.mutation<Data>(query, variables)),
    subscribe: <Data>(query: string, variables = {}) => iterate(client.subscription<Data>(query, variables)),
  }
}

/** Turns urql's callbacks into an iterable, in which each result waits until the previous one is handled. */
async function* iterate<Data>(source: OperationResultSource<OperationResult<Data>>): AsyncGenerator<Data> {
  const waiting: OperationResult<Data>[] = []
  let wake = (): void => undefined
  const subscription = source.subscribe((result) => {
    waiting.push(result)
    wake()
  })
  try {
    for (;;) {
      for (let result = waiting.shift(); result !== undefined; result = waiting.shift()) yield dataOf(result)
      await new Promise<void>((resolve) => (wake = resolve))
    }
  } finally {
    subscription.unsubscribe()
  }
}

/** Checks the error first: next to it, urql keeps the data of the previous event. */
function dataOf<Data>({ data, error }: OperationResult<Data>): Data {
  if (error !== undefined || data === undefined) throw error ?? new Error('The result has no data')
  return data
}

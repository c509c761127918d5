import {
  Client,
  fetchExchange,
  type OperationResult,
  type OperationResultSource,
  subscriptionExchange,
} from '@urql/core'
import type { Client as Socket, Sink } from 'graphql-ws'
import type { Api } from './inbox.ts'

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

/** urql as `followInbox` takes it. */
export function createUrqlApi(client: Client): Api {
  return {
    query: async <Data>(query: string, variables = {}) =>
      dataOf(await client.query<Data>(query, variables, { requestPolicy: 'network-only' })),
    mutate: async <Data>(query: string, variables = {}) =>
      dataOf(await client.mutation<Data>(query, variables)),
    subscribe: <Data>(query: string, variables = {}) => iterate(client.subscription<Data>(query, variables)),
  }
}

/** What urql calls back with, for a loop in which each result waits until the one before it is dealt with. */
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

/** Beside an error of a subscription urql leaves the data of the event before it. */
function dataOf<Data>({ data, error }: OperationResult<Data>): Data {
  if (error !== undefined || data === undefined) throw error ?? new Error('The answer holds no data')
  return data
}

import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache } from '@apollo/client'
import { RetryLink } from '@apollo/client/link/retry'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { relayStylePagination } from '@apollo/client/utilities'
import { OperationTypeNode } from 'graphql'
import type { Client } from 'graphql-ws'
import { map } from 'rxjs'
import { POSSIBLE_TYPES } from './possible-types.ts'

/** Apollo Client with its usual links: subscriptions over the WebSocket, everything else over HTTP. */
export function createApolloClient(url: string, token: () => string, socket: Client): ApolloClient {
  const signIn = new ApolloLink((operation, forward) => {
    operation.setContext({ headers: { authorization: `Bearer ${token()}` } })
    return forward(operation)
  })
  const http = ApolloLink.from([new RetryLink(), failRetryable, signIn, new HttpLink({ uri: url })])
  return new ApolloClient({
    link: ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      new GraphQLWsLink(socket),
      http,
    ),
    cache: new InMemoryCache({
      possibleTypes: POSSIBLE_TYPES,
      typePolicies: {
        // One list of messages for each chat, whatever pages were asked for.
        Chat: { fields: { messages: relayStylePagination() } },
        // What is new takes the place of what was.
        Message: { fields: { reactions: { merge: false } } },
        Subscription: { fields: { inbox: { merge: false } } },
      },
    }),
    // One writer: what a mutation changed comes by the inbox as well, and there it comes in order.
    defaultOptions: { mutate: { fetchPolicy: 'no-cache' } },
  })
}

/** RetryLink tries again where the network fails. This makes it do so where the server says that it helps, too. */
const failRetryable = new ApolloLink((operation, forward) =>
  forward(operation).pipe(
    map((result) => {
      const isRetryable = result.errors?.some(({ extensions }) => extensions?.['retryable'])
      if (isRetryable) throw new CombinedGraphQLErrors(result)
      return result
    }),
  ),
)

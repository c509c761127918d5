import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache } from '@apollo/client'
import { RetryLink } from '@apollo/client/link/retry'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { relayStylePagination } from '@apollo/client/utilities'
import { OperationTypeNode } from 'graphql'
import type { Client } from 'graphql-ws'
import { map } from 'rxjs'
import { POSSIBLE_TYPES } from './possible-types.ts'

/** Returns an Apollo Client: subscriptions over the WebSocket, everything else over HTTP. */
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
        // One list of messages per chat, for all pages.
        Chat: { fields: { messages: relayStylePagination() } },
        // New values replace old ones.
        Message: { fields: { reactions: { merge: false } } },
        Subscription: { fields: { inbox: { merge: false } } },
      },
    }),
    // The inbox is the only writer: it also delivers the effects of mutations, and in order.
    defaultOptions: { mutate: { fetchPolicy: 'no-cache' } },
  })
}

/** RetryLink retries network errors. This link makes it retry errors that the server marks as retryable, too. */
const failRetryable = new ApolloLink((operation, forward) =>
  forward(operation).pipe(
    map((result) => {
      const isRetryable = result.errors?.some(({ extensions }) => extensions?.['retryable'])
      if (isRetryable) throw new CombinedGraphQLErrors(result)
      return result
    }),
  ),
)

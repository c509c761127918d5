import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { relayStylePagination } from '@apollo/client/utilities'
import type { Client } from 'graphql-ws'

/** Apollo Client with its usual links: subscriptions over the WebSocket, everything else over HTTP. */
export function createApolloClient(url: string, token: () => string, socket: Client): ApolloClient {
  const http = new HttpLink({ uri: url })
  const signedIn = new ApolloLink((operation, forward) => {
    operation.setContext({ headers: { authorization: `Bearer ${token()}` } })
    return forward(operation)
  }).concat(http)
  const isSubscription = ({ operationType }: ApolloLink.Operation): boolean =>
    operationType === 'subscription'
  return new ApolloClient({
    link: ApolloLink.split(isSubscription, new GraphQLWsLink(socket), signedIn),
    cache: new InMemoryCache({
      // Without it `... on ChatEvent` matches nothing.
      possibleTypes: { ChatEvent: ['MessageSent', 'MessageEdited', 'MessageDeleted', 'ReactionChanged'] },
      // One list for each chat, whatever page was asked for.
      typePolicies: { Chat: { fields: { messages: relayStylePagination() } } },
    }),
  })
}

/** Puts a new message at the end of its chat's list; false where that chat was never queried. */
export function appendMessage(client: ApolloClient, chatId: string, message: { id: string }): boolean {
  return client.cache.modify({
    id: `Chat:${chatId}`,
    fields: {
      messages: (list, { toReference }) => ({
        ...list,
        edges: [...list.edges, { __typename: 'ChatMessagesConnectionEdge', node: toReference(message) }],
      }),
    },
  })
}

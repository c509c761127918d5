import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client'
import { createParleyClient, type ParleyClient, type ParleyClientOptions } from '@parley/client'
import { createBridge, type Projection, PROJECTION } from '@parley/client/engine'
import { createParleyLink } from './parley-link.ts'
import { parleyPossibleTypes, parleyTypePolicies } from './policies.ts'

/** The options of `createParleyClient`, and what the team brings along. */
export type ParleyApolloOptions = ParleyClientOptions &
  Readonly<{
    /** The team's own cache. The policies of Parley's types are added to it. Default: a new one. */
    cache?: InMemoryCache
    /** The team's own links, such as error reporting and retries. They run before Parley's. */
    links?: readonly ApolloLink[]
    /** Ends the chain: sends to the server. Default: an `HttpLink` to `url`. It is handed the token as a header. */
    httpLink?: ApolloLink
    /** Further options of `ApolloClient`. */
    apollo?: Omit<ApolloClient.Options, 'cache' | 'link'>
  }>

export type ParleyApollo = Readonly<{
  apollo: ApolloClient
  parley: ParleyClient
  /** Ends the engine and empties the cache: call it when the user signs out. The outbox stays in storage. */
  close(): Promise<void>
}>

const DOCUMENT = gql(PROJECTION)

/**
 * Creates an Apollo Client whose cache the engine keeps up to date, and starts the engine. A rejected token is reported
 * by `parley.connection`, as `signed-out`.
 */
export function createParleyApollo(options: ParleyApolloOptions): ParleyApollo {
  const {
    cache = new InMemoryCache(),
    links = [],
    httpLink,
    apollo: apolloOptions,
    ...clientOptions
  } = options
  cache.policies.addTypePolicies(parleyTypePolicies)
  cache.policies.addPossibleTypes(parleyPossibleTypes)
  const parley = createParleyClient(clientOptions)
  const bridge = createBridge(parley, (projection) => writeTo(cache, projection))
  const { url, fetch } = clientOptions
  const parleyLink = createParleyLink({
    bridge,
    // Apollo writes a response while the link emits it, so the cache holds it by now.
    onResponse: (data) => bridge.noteResponse(data),
  })
  const http = httpLink ?? new HttpLink({ uri: url, ...(fetch !== undefined && { fetch }) })
  const apollo = new ApolloClient({
    ...apolloOptions,
    cache,
    link: ApolloLink.from([...links, parleyLink, http]),
  })
  // The same promise as any later `start`. A failure that the app does not see there is in `connection`.
  parley.start().catch(() => undefined)
  return {
    apollo,
    parley,
    async close() {
      bridge.dispose()
      await parley.close()
      apollo.stop()
      await cache.reset()
    },
  }
}

function writeTo(cache: InMemoryCache, { variables, data, removedChatIds }: Projection): void {
  cache.batch({
    update() {
      for (const id of removedChatIds) cache.evict({ id: `Chat:${id}` })
      // `overwrite`: the lists of the engine are complete, so they replace what is there instead of joining it.
      cache.writeQuery({ query: DOCUMENT, variables, data, overwrite: true })
    },
  })
}

import { gql } from '@apollo/client'
import type { QueryData } from '../../client/test/scenario-client.ts'
import { QUERY, scenarioClient, shown } from '../../client/test/scenario-client.ts'
import { startApollo } from './apollo.ts'

/** A client whose team shows all chats by one query. The engine's own stores are compared as well. */
export const startApolloScenario = scenarioClient(async (options) => {
  const { apollo, parley, errors, close } = await startApollo(options)
  const watched = apollo.watchQuery<QueryData>({ query: gql(QUERY) })
  const subscription = watched.subscribe({ error: (error: unknown) => errors.push(error) })
  return {
    client: { ...parley, errors },
    views: () => [shown(parley)],
    cached() {
      const { data, dataState } = watched.getCurrentResult()
      return dataState === 'complete' ? data : undefined
    },
    async close() {
      subscription.unsubscribe()
      await close()
    },
  }
})

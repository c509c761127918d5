import { gql } from '@apollo/client'
import { QUERY, type QueryData, shown, type StartKind } from '../../client/test/scenario-client.ts'
import { startApollo } from './apollo.ts'

/** A client whose team shows all chats by one query. The engine's own stores are compared as well. */
export const startApolloScenario: StartKind = async (options) => {
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
}

import { gql } from '@urql/core'
import { pipe, subscribe } from 'wonka'
import { QUERY, type QueryData, shown, type StartKind } from '../../client/test/scenario-client.ts'
import { startUrql } from './urql.ts'

/** A client whose team shows all chats by one query. The engine's own stores are compared as well. */
export const startUrqlScenario: StartKind = async (options) => {
  const { urql, parley, errors, close } = await startUrql(options)
  let cached: QueryData | undefined
  const subscription = pipe(
    urql.query<QueryData>(gql(QUERY), {}),
    subscribe(({ data }) => (cached = data)),
  )
  return {
    client: { ...parley, errors },
    views: () => [shown(parley)],
    cached: () => cached,
    async close() {
      subscription.unsubscribe()
      await close()
    },
  }
}

import { gql } from '@urql/core'
import { pipe, subscribe } from 'wonka'
import type { QueryData } from '../../client/test/scenario-client.ts'
import { QUERY, scenarioClient, shown, viewOfQuery } from '../../client/test/scenario-client.ts'
import { startUrql } from './urql.ts'

/** A client whose team shows all chats by one query. The engine's own stores are compared as well. */
export const startUrqlScenario = scenarioClient(async (options) => {
  const { urql, parley, errors, close } = await startUrql(options)
  let cached: Record<string, unknown> = {}
  const subscription = pipe(
    urql.query<QueryData>(gql(QUERY), {}),
    subscribe(({ data, error }) => {
      cached = data === undefined ? { error } : viewOfQuery(data)
    }),
  )
  return {
    client: { ...parley, errors },
    views: () => [cached, shown(parley)],
    async close() {
      subscription.unsubscribe()
      await close()
    },
  }
})

import type { Client } from 'graphql-ws'
import type { Api, Variables } from './inbox.ts'

/** Runs queries, mutations and subscriptions over one WebSocket. */
export function createSocketApi(client: Client): Api {
  async function ask<Data>(query: string, variables: Variables = {}): Promise<Data> {
    for await (const result of client.iterate<Data>({ query, variables })) return dataOf(result)
    throw new Error('The operation ended without a result')
  }

  return {
    query: ask,
    mutate: ask,
    async *subscribe<Data>(query: string, variables = {}) {
      for await (const result of client.iterate<Data>({ query, variables })) yield dataOf(result)
    },
  }
}

function dataOf<Data>({ data, errors }: { data?: Data | null | undefined; errors?: unknown }): Data {
  if (data) return data
  throw new Error(JSON.stringify(errors))
}

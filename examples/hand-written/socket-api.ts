import type { Client } from 'graphql-ws'
import type { Api, Variables } from './inbox.ts'
import { dataOf, type Result } from './result.ts'

/** Runs queries, mutations and subscriptions over one WebSocket. */
export function createSocketApi(client: Client): Api {
  async function ask<Data>(query: string, variables: Variables = {}): Promise<Data> {
    for await (const result of client.iterate({ query, variables })) return dataOf(result as Result<Data>)
    throw new Error('The operation ended without a result')
  }

  return {
    query: ask,
    mutate: ask,
    async *subscribe<Data>(query: string, variables = {}) {
      for await (const result of client.iterate({ query, variables })) yield dataOf(result as Result<Data>)
    },
  }
}

import { CombinedGraphQLErrors, gql, type ObservableQuery } from '@apollo/client'
import { expect, test } from 'vitest'
import { startParley } from '../../../test/harness/servers/parley.ts'
import { testAdapter } from '../../client/test/adapter-tests.ts'
import { createParleyApollo } from '../src/index.ts'
import { startApollo } from './apollo.ts'

testAdapter((options) => {
  const errors: unknown[] = []
  const { apollo, parley, close } = createParleyApollo({ onError: (error) => errors.push(error), ...options })
  const watched = new Map<string, ObservableQuery>()
  return {
    parley,
    errors,
    close,
    [Symbol.asyncDispose]: close,
    watch(document, variables = {}) {
      const query = apollo.watchQuery({ query: gql(document), variables })
      query.subscribe(() => undefined)
      watched.set(document, query)
      return () => {
        const { data, dataState } = query.getCurrentResult()
        return dataState === 'complete' ? data : undefined
      }
    },
    async loadBefore(document, variables) {
      await watched.get(document)?.fetchMore({ variables })
    },
    async mutate(document, variables) {
      const { data, error } = await apollo.mutate({ mutation: gql(document), variables, errorPolicy: 'all' })
      const code = CombinedGraphQLErrors.is(error) ? error.errors[0]?.extensions?.['code'] : error?.message
      return { data, code }
    },
    subscribe(document, variables, onData) {
      const subscription = apollo
        .subscribe({ query: gql(document), variables })
        .subscribe(({ data }) => onData(data))
      return () => subscription.unsubscribe()
    },
  }
})

test('empties the cache when the user signs out', async () => {
  await using parley = await startParley()
  const [alice, bob] = await Promise.all([parley.person('alice'), parley.person('bob')])
  await alice.createGroup([bob], { title: 'Tea' })
  await using client = await startApollo({ url: parley.url, token: bob.token })
  await client.apollo.query({ query: gql('{ chats { edges { node { title } } } }') })
  expect(JSON.stringify(client.apollo.cache.extract())).toContain('Tea')
  await client.close()
  await alice.createGroup([bob], { title: 'Coffee' })
  expect(client.apollo.cache.extract()).toEqual({})
})

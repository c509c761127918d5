import { gql } from '@urql/core'
import { pipe, subscribe, toPromise, take } from 'wonka'
import { testAdapter } from '../../client/test/adapter-tests.ts'
import { createUrql } from './urql.ts'

testAdapter((options) => {
  const { urql, parley, errors, close } = createUrql(options)
  return {
    parley,
    errors,
    close,
    [Symbol.asyncDispose]: close,
    watch(document, variables = {}) {
      let shown: unknown
      pipe(
        urql.query<unknown>(gql(document), variables),
        subscribe(({ data }) => {
          shown = data
        }),
      )
      return () => shown
    },
    async loadBefore(document, variables) {
      await pipe(urql.query(gql(document), variables), take(1), toPromise)
    },
    async mutate(document, variables) {
      const { data, error } = await urql.mutation<unknown>(gql(document), variables)
      return { data, code: error?.graphQLErrors[0]?.extensions['code'] ?? error?.message }
    },
    subscribe(document, variables, onData) {
      const subscription = pipe(
        urql.subscription(gql(document), variables),
        subscribe(({ data }) => onData(data)),
      )
      return () => subscription.unsubscribe()
    },
  }
})

import { createParleyApollo, type ParleyApollo, type ParleyApolloOptions } from '../src/index.ts'

export type TestApollo = ParleyApollo & AsyncDisposable & Readonly<{ errors: unknown[] }>

/** Creates an Apollo Client with its engine, and waits until it is live. */
export async function startApollo(options: ParleyApolloOptions): Promise<TestApollo> {
  const errors: unknown[] = []
  const created = createParleyApollo({ onError: (error) => errors.push(error), ...options })
  await created.parley.start()
  return { ...created, errors, [Symbol.asyncDispose]: () => created.close() }
}

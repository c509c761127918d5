import { Client, fetchExchange } from '@urql/core'
import { cacheExchange } from '@urql/exchange-graphcache'
import { createParleyClient, type ParleyClient, type ParleyClientOptions } from '@parley/client'
import { parleyCacheConfig, parleyExchange } from '../src/index.ts'

export type TestUrql = AsyncDisposable &
  Readonly<{ urql: Client; parley: ParleyClient; errors: unknown[]; close(): Promise<void> }>

/** Creates an urql client with an engine that is not started yet. */
export function createUrql(options: ParleyClientOptions): TestUrql {
  const errors: unknown[] = []
  const parley = createParleyClient({ onError: (error) => errors.push(error), ...options })
  // A warning of graphcache is an error of the adapter.
  const logger = (severity: 'debug' | 'error' | 'warn', message: string): void => {
    if (severity !== 'debug') errors.push(new Error(message))
  }
  const { url, fetch } = options
  const urql = new Client({
    url,
    ...(fetch !== undefined && { fetch }),
    preferGetMethod: false,
    exchanges: [cacheExchange({ ...parleyCacheConfig, logger }), parleyExchange(parley), fetchExchange],
  })
  const close = () => parley.close()
  return { urql, parley, errors, close, [Symbol.asyncDispose]: close }
}

/** Creates an urql client with an engine, and waits until it is live. */
export async function startUrql(options: ParleyClientOptions): Promise<TestUrql> {
  const created = createUrql(options)
  await created.parley.start()
  return created
}

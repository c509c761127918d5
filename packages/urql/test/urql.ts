import { Client, fetchExchange } from '@urql/core'
import { cacheExchange } from '@urql/exchange-graphcache'
import { type ClientStorage, createParleyClient, type ParleyClient } from '@parley/client'
import { parleyCacheConfig, parleyExchange } from '../src/index.ts'

export type TestUrql = AsyncDisposable &
  Readonly<{ urql: Client; parley: ParleyClient; errors: unknown[]; close(): Promise<void> }>

type Options = Readonly<{
  url: string
  token: string | (() => string | Promise<string>)
  deviceId?: string
  storage?: ClientStorage
  pageSize?: number
}>

/** Creates an urql client with an engine, and waits until it is live. */
export async function startUrql(options: Options): Promise<TestUrql> {
  const errors: unknown[] = []
  const parley = createParleyClient({ onError: (error) => errors.push(error), ...options })
  const urql = new Client({
    url: options.url,
    preferGetMethod: false,
    exchanges: [cacheExchange(parleyCacheConfig), parleyExchange(parley), fetchExchange],
  })
  await parley.start()
  const close = () => parley.close()
  return { urql, parley, errors, close, [Symbol.asyncDispose]: close }
}

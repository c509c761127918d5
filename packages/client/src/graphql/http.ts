import { fromResponse, networkError, ParleyError, type ResponseError } from '../errors.ts'
import type { TokenSource } from '../connection/token.ts'

/** Runs a query or a mutation. Rejects with a `ParleyError`. */
export type Request = <Data>(document: string, variables?: Readonly<Record<string, unknown>>) => Promise<Data>

type Dependencies = Readonly<{ url: string; fetch: typeof globalThis.fetch; tokens: TokenSource }>

/** Every operation of the server answers within ten seconds. Beyond this the network is at fault, in milliseconds. */
const TIMEOUT_MS = 15_000

/**
 * Queries and mutations go over HTTP, each with its own token, so that they work in every tab and neither wait for the
 * socket nor die with it.
 */
export function createRequest({ url, fetch, tokens }: Dependencies): Request {
  async function once<Data>(document: string, variables: object | undefined, token: string): Promise<Data> {
    const abort = new AbortController()
    const timer = setTimeout(() => abort.abort(), TIMEOUT_MS)
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/graphql-response+json',
          authorization: `Bearer ${token}`,
        },
        body: JSON.stringify({ query: document, variables }),
        signal: abort.signal,
      })
      type Result = Readonly<{ data?: Data | null; errors?: readonly ResponseError[] }>
      const { data, errors = [] } = (await response.json()) as Result
      if (errors.length > 0) throw fromResponse(errors)
      if (!data) throw networkError(response.status)
      return data
    } catch (error) {
      throw networkError(error)
    } finally {
      clearTimeout(timer)
    }
  }

  return async (document, variables) => {
    try {
      return await once(document, variables, await tokens.current())
    } catch (error) {
      // The token may have expired on the way, or by the server's clock. One fresh token is worth an attempt.
      const isRejected = error instanceof ParleyError && error.code === 'UNAUTHENTICATED'
      if (!isRejected || !tokens.canRenew) throw error
      return await once(document, variables, await tokens.renew())
    }
  }
}

import { createEventParser } from './event-stream.ts'
import type { Api, Variables } from './inbox.ts'
import { dataOf, type Result } from './result.ts'

/** The server sends a comment every 10 seconds. */
const IDLE_MS = 25_000

/** Runs GraphQL by fetch alone; subscriptions use server-sent events. */
export function createHttpApi(
  url: string,
  token: () => string | Promise<string>,
  idleMs: number = IDLE_MS,
): Api {
  async function post(accept: string, operation: object, signal: AbortSignal): Promise<Response> {
    const authorization = `Bearer ${await token()}`
    const headers = { 'content-type': 'application/json', accept, authorization }
    return fetch(url, { method: 'POST', headers, body: JSON.stringify(operation), signal })
  }

  async function ask<Data>(query: string, variables: Variables = {}): Promise<Data> {
    const response = await post('application/json', { query, variables }, AbortSignal.timeout(idleMs))
    return dataOf((await response.json()) as Result<Data>)
  }

  return {
    query: ask,
    mutate: ask,
    async *subscribe<Data>(query: string, variables = {}) {
      const stop = new AbortController()
      /** Ends the request if the network delivers nothing for `idleMs`. Then the connection is half-open. */
      async function within<Value>(step: Promise<Value>): Promise<Value> {
        const timer = setTimeout(() => stop.abort(new Error(`No data for ${idleMs} ms`)), idleMs)
        return step.finally(() => clearTimeout(timer))
      }
      try {
        const response = await within(post('text/event-stream', { query, variables }, stop.signal))
        if (response.body === null) return
        const parse = createEventParser()
        const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
        for (;;) {
          const chunk = await within(reader.read())
          if (chunk.done) return
          for (const { type, data } of parse(chunk.value)) {
            if (type === 'complete') return
            if (type === 'next') yield dataOf(JSON.parse(data) as Result<Data>)
          }
        }
      } finally {
        // Leaving the loop ends the request, and with it the stream on the server.
        stop.abort()
      }
    },
  }
}

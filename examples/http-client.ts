import type { Api, Variables } from './inbox.ts'

/** Runs GraphQL by fetch alone; subscriptions use server-sent events. */
export function createHttpApi(url: string, token: () => string): Api {
  function post(accept: string, operation: object): Promise<Response> {
    const headers = { 'content-type': 'application/json', accept, authorization: `Bearer ${token()}` }
    return fetch(url, { method: 'POST', headers, body: JSON.stringify(operation) })
  }

  async function ask<Data>(query: string, variables: Variables = {}): Promise<Data> {
    const response = await post('application/json', { query, variables })
    return dataOf((await response.json()) as Result<Data>)
  }

  return {
    query: ask,
    mutate: ask,
    async *subscribe<Data>(query: string, variables = {}) {
      const { body } = await post('text/event-stream', { query, variables })
      if (body !== null)
        for await (const json of readEvents(body)) yield dataOf(JSON.parse(json) as Result<Data>)
    },
  }
}

/** Yields the data of each `next` event. The comments in between keep the connection open. */
async function* readEvents(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  try {
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      const events = (text + chunk.value).split('\n\n')
      text = events.pop() ?? ''
      for (const event of events) {
        const [, data] = /^event: next\ndata: (.*)$/.exec(event) ?? []
        if (data !== undefined) yield data
      }
    }
  } finally {
    // Leaving the loop ends the request, and with it the stream on the server.
    await reader.cancel()
  }
}

type Result<Data> = { data?: Data | null; errors?: unknown }

function dataOf<Data>({ data, errors }: Result<Data>): Data {
  if (data) return data
  throw new Error(JSON.stringify(errors))
}

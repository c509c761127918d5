import { token, url } from './session.ts'

type Variables = Readonly<Record<string, unknown>>
type OperationError = { message: string; extensions: { code: string; retryable: boolean } }
type Result<Data> = { data?: Data | null; errors?: OperationError[] }

/** What the server says is wrong; whether it helps to try again, see PROTOCOL.md. */
export class OperationFailed extends Error {
  readonly retryable: boolean

  constructor(errors: readonly OperationError[]) {
    super(errors.map(({ message }) => message).join('; '))
    this.retryable = errors.every(({ extensions }) => extensions.retryable)
  }
}

/** Runs a query or a mutation. */
export async function ask<Data>(query: string, variables: Variables = {}): Promise<Data> {
  const response = await post('application/json', query, variables, null)
  return dataOf((await response.json()) as Result<Data>)
}

/** Subscribes by server-sent events: what comes, until the connection ends or `signal` fires. */
export async function* subscribe<Data>(
  query: string,
  variables: Variables = {},
  signal: AbortSignal | null = null,
): AsyncGenerator<Data> {
  const { body } = await post('text/event-stream', query, variables, signal)
  let text = ''
  for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const events = (text + chunk).split('\n\n')
    text = events.pop() ?? ''
    for (const event of events) {
      // Every few seconds there is a comment instead, which keeps the connection open.
      const [, json] = /^event: next\ndata: (.*)$/.exec(event) ?? []
      if (json !== undefined) yield dataOf(JSON.parse(json) as Result<Data>)
    }
  }
}

function post(
  accept: string,
  query: string,
  variables: Variables,
  signal: AbortSignal | null,
): Promise<Response> {
  const headers = { 'content-type': 'application/json', accept, authorization: `Bearer ${token()}` }
  return fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }), signal })
}

function dataOf<Data>({ data, errors = [] }: Result<Data>): Data {
  if (data) return data
  throw new OperationFailed(errors)
}

type Variables = Readonly<Record<string, unknown>>
type OperationError = { message: string; extensions: { code: string; retryable: boolean } }
type Result<Data> = { data?: Data | null; errors?: OperationError[] }

/** GraphQL by fetch alone. */
export class HttpClient {
  readonly #url: string
  readonly #token: () => string

  constructor(url: string, token: () => string) {
    this.#url = url
    this.#token = token
  }

  /** Runs a query or a mutation. */
  async ask<Data>(query: string, variables: Variables = {}): Promise<Data> {
    const response = await this.#post('application/json', { query, variables })
    return dataOf((await response.json()) as Result<Data>)
  }

  /** Subscribes by server-sent events: what comes, until the connection ends or the loop is left. */
  async *subscribe<Data>(query: string, variables: Variables = {}): AsyncGenerator<Data> {
    const { body } = await this.#post('text/event-stream', { query, variables })
    const reader = body?.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    try {
      for (let chunk = await reader?.read(); chunk?.value !== undefined; chunk = await reader?.read()) {
        const events = (text + chunk.value).split('\n\n')
        text = events.pop() ?? ''
        for (const event of events) {
          // Every few seconds there is a comment instead, which keeps the connection open.
          const [, json] = /^event: next\ndata: (.*)$/.exec(event) ?? []
          if (json !== undefined) yield dataOf(JSON.parse(json) as Result<Data>)
        }
      }
    } finally {
      await reader?.cancel()
    }
  }

  #post(accept: string, operation: object): Promise<Response> {
    const authorization = `Bearer ${this.#token()}`
    const headers = { 'content-type': 'application/json', accept, authorization }
    return fetch(this.#url, { method: 'POST', headers, body: JSON.stringify(operation) })
  }
}

/** What the server says is wrong; whether it helps to try again, see PROTOCOL.md. */
export class OperationFailed extends Error {
  readonly retryable: boolean

  constructor(errors: readonly OperationError[]) {
    super(errors.map(({ message }) => message).join('; '))
    this.retryable = errors.every(({ extensions }) => extensions.retryable)
  }
}

function dataOf<Data>({ data, errors = [] }: Result<Data>): Data {
  if (data) return data
  throw new OperationFailed(errors)
}

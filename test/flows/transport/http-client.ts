/** A response with its body. */
export type Answer = Readonly<{
  status: number
  headers: Headers
  text: string
  body: {
    data?: Record<string, unknown> | null
    errors?: { message: string; path?: unknown[]; extensions: Record<string, unknown> }[]
  }
}>

type PostOptions = Readonly<{ token?: string; variables?: unknown; headers?: Record<string, string> }>

/** Sends an operation by the GraphQL-over-HTTP specification. */
export async function post(url: string, query: string, options: PostOptions = {}): Promise<Answer> {
  const { token, variables, headers = {} } = options
  return send(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify({ query, variables }),
  })
}

export async function send(url: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(url, init)
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') === true
  const body = isJson ? (JSON.parse(text) as Answer['body']) : {}
  return { status: response.status, headers: response.headers, text, body }
}

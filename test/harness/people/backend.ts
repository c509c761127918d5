import type { ApiResponse, Variables } from './person.ts'

/** The product's own backend, which calls the server API of one gateway with a key. */
export class Backend {
  readonly url: string
  readonly key: string
  /** The id of the key. */
  readonly id: string

  constructor({ url, key, id }: Readonly<{ url: string; key: string; id: string }>) {
    this.url = url
    this.key = key
    this.id = id
  }

  /** Returns the same backend with another key. */
  withKey(key: string): Backend {
    return new Backend({ url: this.url, key, id: this.id })
  }

  /** Sends a POST. Returns the whole response, including errors. */
  async post<Data>(query: string, variables: Variables = {}): Promise<ApiResponse<Data>> {
    const response = await fetch(this.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        ...(this.key !== '' && { authorization: `Bearer ${this.key}` }),
      },
      body: JSON.stringify({ query, variables }),
    })
    return (await response.json()) as ApiResponse<Data>
  }

  /** Sends a POST. Returns the data, and throws on any error. */
  async run<Data>(query: string, variables: Variables = {}): Promise<Data> {
    const { data, errors } = await this.post<Data>(query, variables)
    if (errors !== undefined || data === undefined || data === null) {
      throw new Error(`backend: ${JSON.stringify(errors)}`)
    }
    return data
  }

  /** Sends a POST. Returns the code of its first error. */
  async codeOf(query: string, variables: Variables = {}): Promise<string | undefined> {
    return (await this.post(query, variables)).errors?.[0]?.extensions.code
  }
}

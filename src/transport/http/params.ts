import { GraphQLError } from 'graphql'
import type { GraphQLParams, Plugin } from 'graphql-yoga'

/**
 * Reads an operation from a request: the query string of a GET, the JSON body of a POST. Any other kind of body is
 * refused unread: a page of a foreign origin can send forms and plain text without asking, but not JSON.
 */
export function useHttpParams(): Plugin {
  return {
    onRequestParse({ request, url, setRequestParser }) {
      if (request.method === 'GET') setRequestParser(() => fromQuery(url.searchParams))
      if (request.method !== 'POST') return
      if (!isJson(request.headers.get('content-type'))) {
        throw badRequest(415, 'Send the operation as application/json.')
      }
      setRequestParser(fromBody)
    },
  }
}

function isJson(contentType: string | null): boolean {
  const [mediaType = '', ...parameters] = (contentType ?? '').toLowerCase().split(';')
  const charset = parameters.map((text) => text.trim()).find((text) => text.startsWith('charset='))
  const isUtf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset)
  return mediaType.trim() === 'application/json' && isUtf8
}

function fromQuery(query: URLSearchParams): GraphQLParams {
  return {
    ...textOf(query, 'query'),
    ...textOf(query, 'operationName'),
    ...objectOf(query, 'variables'),
    ...objectOf(query, 'extensions'),
  }
}

function textOf<Name extends string>(query: URLSearchParams, name: Name): { [Key in Name]?: string } {
  const text = query.get(name)
  return text === null || text === '' ? {} : ({ [name]: text } as { [Key in Name]?: string })
}

function objectOf(query: URLSearchParams, name: 'variables' | 'extensions'): Partial<GraphQLParams> {
  const text = query.get(name)
  if (text === null || text === '') return {}
  try {
    return { [name]: JSON.parse(text) as unknown }
  } catch {
    throw badRequest(400, `The parameter "${name}" must be JSON.`)
  }
}

async function fromBody(request: Request): Promise<GraphQLParams> {
  const text = await textOfBody(request)
  try {
    // Yoga checks next that it is an object of the right shape.
    return JSON.parse(text) as GraphQLParams
  } catch {
    throw badRequest(400, 'The body must be JSON.')
  }
}

/** A client that hangs up halfway, or takes too long, is none of our failures. */
async function textOfBody(request: Request): Promise<string> {
  try {
    return await request.text()
  } catch (error) {
    throw error instanceof GraphQLError ? error : badRequest(400, 'The body ended too early.')
  }
}

function badRequest(status: number, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { http: { status } } })
}

import type { GraphQLParams, Plugin } from 'graphql-yoga'
import { badRequest, textOfBody } from './request-body.ts'

/**
 * Reads an operation from the query string of a GET or the JSON body of a POST. Any other body is rejected unread: a
 * page of another origin can send forms and plain text without a preflight, but not JSON.
 */
export function useHttpParams(): Plugin {
  return {
    onRequestParse({ request, url, setRequestParser }) {
      if (request.method === 'GET') setRequestParser(() => fromQuery(url.searchParams))
      if (request.method !== 'POST') return
      if (!isJson(request.headers.get('content-type'))) {
        throw badRequest(415, 'The body has the wrong content type. Send the operation as application/json.')
      }
      setRequestParser(fromBody)
    },
    onParams({ params, setParams }) {
      // Yoga checks the shape of the parameters afterwards.
      const { operationName, ...rest } = (params as GraphQLParams | null) ?? {}
      if (operationName === '') setParams(rest)
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
    throw badRequest(400, `The parameter "${name}" is not valid JSON. Send a JSON object.`)
  }
}

async function fromBody(request: Request): Promise<GraphQLParams> {
  const text = await textOfBody(request)
  try {
    // Yoga checks the shape of the object afterwards.
    return JSON.parse(text) as GraphQLParams
  } catch {
    throw badRequest(400, 'The body is not valid JSON. Send a JSON object.')
  }
}

import type { FetchAPI, GraphQLParams, Plugin } from 'graphql-yoga'
import { accepts, mediaRanges } from './accept.ts'
import { badRequest, textOfBody } from './request-body.ts'

/**
 * Reads an operation from the query string of a GET or the JSON body of a POST. Any other body is rejected unread: a
 * page of another origin can send forms and plain text without a preflight, but not JSON.
 */
export function useHttpParams(): Plugin {
  return {
    onRequestParse({ request, url, setRequestParser }) {
      if (!acceptsAny(request.headers.get('accept'))) throw badRequest(406, NOT_ACCEPTABLE)
      if (request.method === 'GET') setRequestParser(() => fromQuery(url.searchParams))
      if (request.method !== 'POST') return
      if (!isJson(request.headers.get('content-type'))) {
        throw badRequest(415, 'The body has the wrong content type. Send the operation as application/json.')
      }
      setRequestParser(fromBody)
    },
    onResultProcess(outcome) {
      if (outcome.resultProcessor !== undefined || Symbol.asyncIterator in outcome.result) return
      outcome.setResultProcessor((given, fetchAPI) => notAcceptable(given, fetchAPI), 'application/json')
    },
    onParams({ params, setParams }) {
      // Yoga checks the shape of the parameters afterwards.
      const { operationName, ...rest } = (params as GraphQLParams | null) ?? {}
      if (operationName === '') setParams(rest)
    },
  }
}

const NOT_ACCEPTABLE =
  'The header "Accept" names no type that is served. Send application/graphql-response+json, application/json, or for ' +
  'subscriptions text/event-stream or multipart/mixed; subscriptionSpec=1.0.'

const SERVED = [
  'application/json',
  'application/graphql-response+json',
  'text/event-stream',
  'multipart/mixed',
]

/** Checked first, so that no operation runs whose result cannot be sent. */
function acceptsAny(accept: string | null): boolean {
  const ranges = mediaRanges(accept)
  return SERVED.some((mediaType) => accepts(ranges, mediaType))
}

/** The client accepts no type of the result. JSON that it can show is better than nothing. */
function notAcceptable(result: unknown, fetchAPI: FetchAPI): Response {
  const headers = { 'Content-Type': 'application/json; charset=utf-8' }
  return new fetchAPI.Response(JSON.stringify(result), { status: 406, headers })
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
    ...textOf(query, 'documentId'),
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

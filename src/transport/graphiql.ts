import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import { createGunzip, gzip } from 'node:zlib'
import { promisify } from 'node:util'

/** A tab that GraphiQL opens with, for somebody who has none of their own yet. */
export type GraphiqlTab = Readonly<{
  query: string
  /** JSON. GraphiQL ignores it in the first tab. */
  variables?: string
  /** JSON; an `authorization` in it counts for queries, mutations and subscriptions of this tab. */
  headers?: string
}>

/** Serves GraphiQL to browsers. */
export type Graphiql = Readonly<{
  /** Answers with the page. */
  serve(request: IncomingMessage, response: ServerResponse): Promise<void>
}>

type Page = Readonly<{ gzipped: Buffer; etag: string }>

/**
 * The page holds everything it needs; this makes browsers enforce it: nothing is loaded from anywhere, and nothing
 * but this server is spoken to. The editor starts its workers from blobs and compiles its grammars by eval.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'unsafe-inline' 'unsafe-eval' blob:",
  'worker-src blob: data:',
  "style-src 'unsafe-inline'",
  'img-src data: blob:',
  'font-src data:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Of several tabs, GraphiQL moves one that is pressed away from under the pointer, so that the click opens nothing. */
const STEADY_TABS = '<style>.graphiql-tab { transform: none !important }</style>'

const compress = promisify(gzip)

/**
 * GraphiQL with what `tabs` answers when the page is first asked for. It is 9 MB: made once, kept compressed only, and
 * a browser that has it is told so. A browser that takes no gzip gets it unpacked on the way.
 */
export function createGraphiql({
  tabs,
}: Readonly<{ tabs: () => Promise<readonly GraphiqlTab[]> }>): Graphiql {
  let page: Promise<Page> | undefined

  /** One that failed is tried again by whoever asks next. */
  async function makePage(): Promise<Page> {
    try {
      return await render(await tabs())
    } catch (error) {
      page = undefined
      throw error
    }
  }

  return {
    async serve(request, response) {
      page ??= makePage()
      const { gzipped, etag } = await page
      response.setHeader('Content-Security-Policy', CONTENT_SECURITY_POLICY)
      response.setHeader('Content-Type', 'text/html; charset=utf-8')
      response.setHeader('Cache-Control', 'private, no-cache')
      response.setHeader('Vary', 'Accept, Accept-Encoding')
      response.setHeader('ETag', etag)
      if (request.headers['if-none-match'] === etag) {
        response.writeHead(304).end()
      } else if (/\bgzip\b/.test(request.headers['accept-encoding']?.toString() ?? '')) {
        response.writeHead(200, { 'Content-Encoding': 'gzip', 'Content-Length': gzipped.length }).end(gzipped)
      } else {
        await pipeline(Readable.from([gzipped]), createGunzip(), response)
      }
    },
  }
}

async function render(tabs: readonly GraphiqlTab[]): Promise<Page> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql')
  const options = {
    title: 'Parley',
    endpoint: '/graphql',
    subscriptionsProtocol: 'WS' as const,
    // The first tab's come from here, as do those of tabs that somebody opens; the others' from the list.
    headers: tabs[0]?.headers ?? '',
    defaultTabs: tabs.map(({ query, variables, headers }) => ({
      query,
      variables: variables ?? null,
      headers: headers ?? null,
    })),
    defaultEditorToolsVisibility: 'headers' as const,
    shouldPersistHeaders: true,
  }
  const json = JSON.stringify(options)
  const html = renderGraphiQL(options)
    .replace(json, () => json.replaceAll('<', '\\u003c'))
    .replace('</head>', `${STEADY_TABS}</head>`)
  const gzipped = await compress(html)
  return { gzipped, etag: `"${createHash('sha256').update(gzipped).digest('base64url')}"` }
}

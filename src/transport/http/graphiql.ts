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

/** What the page opens with. */
export type GraphiqlTour = Readonly<{
  tabs: readonly GraphiqlTab[]
  /** Texts in the tabs that another start, or another day, has others for, by what they stand for: tokens, ids. */
  values: Readonly<Record<string, string>>
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

/** Under this key the browser keeps, beside the page's own, which values its tabs have had. */
const KEPT = 'parley:tour'
const MAX_KEPT = 20

/**
 * A browser keeps tabs for longer than tokens last or a database stands, in its storage and in the address. So when the
 * page is loaded, values of earlier tours are replaced by the present ones wherever they stand: tabs go on working, and
 * whatever somebody typed stays.
 */
function freshen(values: GraphiqlTour['values']): string {
  return `<script>
    for (const [name, value] of Object.entries(${inScript(values)})) {
      const kept = JSON.parse(localStorage.getItem('${KEPT}') ?? '{}')
      const former = (kept[name] ?? []).filter((text) => text !== value)
      const fresh = (text) => former.reduce((now, old) => now.replaceAll(old, value), text)
      for (const [key, text] of Object.entries(localStorage)) {
        if (key !== '${KEPT}') localStorage.setItem(key, fresh(text))
      }
      history.replaceState(history.state, '', fresh(location.href))
      localStorage.setItem('${KEPT}', JSON.stringify({ ...kept, [name]: [value, ...former].slice(0, ${MAX_KEPT}) }))
    }
  </script>`
}

/** JSON that can't end the script that it stands in. */
function inScript(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c')
}

/** The page's name without the logo and the icon of what it is made with. */
const NO_LOGO = '<style>.graphiql-logo div:has(> svg) { display: none !important }</style>'
const NO_ICON = 'data:,'

/** Of several tabs, GraphiQL moves one that is pressed away from under the pointer, so that the click opens nothing. */
const STEADY_TABS = '<style>.graphiql-tab { transform: none !important }</style>'

const compress = promisify(gzip)

type Dependencies = Readonly<{
  tour: () => Promise<GraphiqlTour>
  /** How long a page that was made is served, in milliseconds: less than what is in it lasts. Default: a day. */
  maxAgeMs?: number
}>

const DAY_MS = 24 * 3_600_000

/**
 * GraphiQL with what `tour` answers when the page is asked for, once a day. It is 9 MB: kept compressed only, and a
 * browser that has it is told so. A browser that takes no gzip gets it unpacked on the way.
 */
export function createGraphiql({ tour, maxAgeMs = DAY_MS }: Dependencies): Graphiql {
  let latest: Readonly<{ page: Promise<Page>; madeAt: number }> | undefined

  function latestPage(): Promise<Page> {
    if (latest === undefined || performance.now() - latest.madeAt >= maxAgeMs) {
      latest = { page: makePage(), madeAt: performance.now() }
    }
    return latest.page
  }

  /** One that failed is tried again by whoever asks next. */
  async function makePage(): Promise<Page> {
    try {
      return await render(await tour())
    } catch (error) {
      latest = undefined
      throw error
    }
  }

  return {
    async serve(request, response) {
      const { gzipped, etag } = await latestPage()
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

async function render({ tabs, values }: GraphiqlTour): Promise<Page> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql')
  const options = {
    title: 'Parley',
    favicon: NO_ICON,
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
    .replace(json, () => inScript(options))
    .replace('</head>', () => `${STEADY_TABS}${NO_LOGO}${freshen(values)}</head>`)
  const gzipped = await compress(html)
  return { gzipped, etag: `"${createHash('sha256').update(gzipped).digest('base64url')}"` }
}

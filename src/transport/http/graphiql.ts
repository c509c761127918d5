import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import { createGunzip, gzip } from 'node:zlib'
import { promisify } from 'node:util'

/** A tab that GraphiQL opens with if the browser has kept no tabs. */
export type GraphiqlTab = Readonly<{
  query: string
  /** JSON. GraphiQL ignores it in the first tab. */
  variables?: string
  /** JSON. An `authorization` in it applies to all operations of this tab. */
  headers?: string
}>

/** The content that the page opens with. */
export type GraphiqlTour = Readonly<{
  tabs: readonly GraphiqlTab[]
  /** Texts in the tabs that change with each start or each day, such as tokens and IDs, by a stable name. */
  values: Readonly<Record<string, string>>
}>

/** Serves GraphiQL to browsers. */
export type Graphiql = Readonly<{
  serve(request: IncomingMessage, response: ServerResponse): Promise<void>
}>

type Page = Readonly<{ gzipped: Buffer; etag: string }>

/**
 * The page contains everything it needs. This policy makes browsers enforce that: they load nothing from other hosts
 * and connect only to this server. The editor starts its workers from blobs and compiles its grammars with eval.
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

/** The key in the browser's storage for the earlier values. */
const HISTORY_KEY = 'parley:tour'
const MAX_HISTORY = 20

/**
 * A browser keeps tabs, in its storage and in the address, for longer than tokens are valid or a development database
 * exists. So when the page loads, the values of earlier tours are replaced by the current ones. Tabs keep working, and
 * what the user typed stays.
 */
function replaceOldValues(values: GraphiqlTour['values']): string {
  return `<script>
    for (const [name, value] of Object.entries(${inScript(values)})) {
      const kept = JSON.parse(localStorage.getItem('${HISTORY_KEY}') ?? '{}')
      const former = (kept[name] ?? []).filter((text) => text !== value)
      const fresh = (text) => former.reduce((now, old) => now.replaceAll(old, value), text)
      for (const [key, text] of Object.entries(localStorage)) {
        if (key !== '${HISTORY_KEY}') localStorage.setItem(key, fresh(text))
      }
      history.replaceState(history.state, '', fresh(location.href))
      localStorage.setItem('${HISTORY_KEY}', JSON.stringify({ ...kept, [name]: [value, ...former].slice(0, ${MAX_HISTORY}) }))
    }
  </script>`
}

/** JSON that cannot end the script element around it. */
function inScript(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c')
}

/** Hides the logo and the icon of GraphiQL. */
const NO_LOGO = '<style>.graphiql-logo div:has(> svg) { display: none !important }</style>'
const NO_ICON = 'data:,'

/** GraphiQL moves a pressed tab away from the pointer, so that the click has no effect. */
const STEADY_TABS = '<style>.graphiql-tab { transform: none !important }</style>'

const compress = promisify(gzip)

type Dependencies = Readonly<{
  tour: () => Promise<GraphiqlTour>
  /** How long a rendered page is served, in milliseconds. Must be less than its tokens are valid. Default: a day. */
  maxAgeMs?: number
}>

const DAY_MS = 24 * 3_600_000

/**
 * Serves GraphiQL with the content of `tour`, which is read at most once in `maxAgeMs`. The page has 9 MB, so only its
 * compressed form is kept, and a browser that has it gets 304. For a browser without gzip it is decompressed on the
 * fly.
 */
export function createGraphiql({ tour, maxAgeMs = DAY_MS }: Dependencies): Graphiql {
  let latest: Readonly<{ page: Promise<Page>; renderedAt: number }> | undefined

  function latestPage(): Promise<Page> {
    if (latest === undefined || performance.now() - latest.renderedAt >= maxAgeMs) {
      latest = { page: renderLatest(), renderedAt: performance.now() }
    }
    return latest.page
  }

  /** After a failure the next request tries again. */
  async function renderLatest(): Promise<Page> {
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
    // The first tab and tabs that the user opens take their headers from here; the other tabs from the list.
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
    .replace('</head>', () => `${STEADY_TABS}${NO_LOGO}${replaceOldValues(values)}</head>`)
  const gzipped = await compress(html)
  return { gzipped, etag: `"${createHash('sha256').update(gzipped).digest('base64url')}"` }
}

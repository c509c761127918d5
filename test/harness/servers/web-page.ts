import { once } from 'node:events'
import { createServer } from 'node:http'
import { build, type Rolldown } from 'vite'

/** A page whose only content is a script, on an origin of its own. */
export type WebPage = AsyncDisposable & Readonly<{ origin: string }>

/** Bundles a script as Vite does for a browser, and serves a page that runs it. Pages have an element `#root`. */
export async function serveWebPage(entry: string): Promise<WebPage> {
  const { output } = (await build({
    logLevel: 'error',
    configFile: false,
    resolve: { tsconfigPaths: true },
    // Tests have another NODE_ENV, in which JSX would be compiled for development.
    oxc: { jsx: { development: false } },
    define: { 'process.env.NODE_ENV': '"production"' },
    build: { write: false, lib: { entry, formats: ['es'], fileName: 'page' } },
  }).then((result) => [result].flat()[0])) as Rolldown.RolldownOutput
  const server = createServer((request, response) => {
    const isScript = request.url?.endsWith('.js') === true
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html; charset=utf-8')
    response.end(isScript ? output[0].code : PAGE)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return {
    origin: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

const PAGE =
  '<!doctype html><title>Test</title><div id="root"></div><script type="module" src="/page.js"></script>'

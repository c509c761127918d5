import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { createDemoPage, DEMO_PATH } from '../../../src/transport/http/demo-page.ts'
import { isSameOrigin } from '../../../src/transport/http/origins.ts'
import { createWebApp } from '../../../src/transport/http/web-app.ts'

const logger = createLogger({ level: 'silent', pretty: false })

type Answer = Readonly<{ status: number | undefined; headers: IncomingHttpHeaders; body: string }>
type Site = AsyncDisposable &
  Readonly<{ get(path: string, headers?: Record<string, string>, method?: string): Promise<Answer> }>

async function serve(listener: RequestListener): Promise<Site> {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return {
    // fetch would normalise a path with dots.
    async get(path, headers = {}, method = 'GET') {
      const sent = request({ host: '127.0.0.1', port, path, headers, method }).end()
      const [response] = (await once(sent, 'response')) as [IncomingMessage]
      return { status: response.statusCode, headers: response.headers, body: await text(response) }
    },
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** A built app in a folder of its own, beside a file that must stay private. */
async function startApp(
  options: Readonly<{ isBuilt?: boolean; isDevelopment?: boolean }> = {},
): Promise<Site & Readonly<{ folder: string }>> {
  const root = await mkdtemp(join(tmpdir(), 'parley-web-app-'))
  const folder = join(root, 'dist')
  await writeFile(join(root, 'secret.txt'), 'secret')
  if (options.isBuilt !== false) await build(folder, 'first')
  const app = createWebApp({
    folder,
    frameOrigins: ['https://product.example'],
    isDevelopment: options.isDevelopment ?? false,
    logger,
  })
  const site = await serve((incoming, response) => {
    void app.handle(incoming, response).then((isHandled) => isHandled || response.writeHead(404).end())
  })
  return {
    folder,
    get: site.get,
    async [Symbol.asyncDispose]() {
      await site[Symbol.asyncDispose]()
      await rm(root, { recursive: true })
    },
  }
}

async function build(folder: string, title: string): Promise<void> {
  await mkdir(join(folder, 'assets'), { recursive: true })
  await writeFile(join(folder, 'assets', 'index-abc.js'), `console.log(${'1 + '.repeat(1_000)} 1)`)
  await writeFile(join(folder, 'index.html'), `<title>${title}</title>`)
}

test('serves the page for each visit anew, with a policy that runs only its own files', async () => {
  await using app = await startApp()
  const { status, headers, body } = await app.get('/')
  expect([status, headers['content-type'], headers['cache-control']]).toEqual([
    200,
    'text/html; charset=utf-8',
    'no-cache',
  ])
  expect(body).toBe('<title>first</title>')
  const policy = headers['content-security-policy']
  expect(policy).toContain("default-src 'none'; script-src 'self'")
  expect(policy).toContain("frame-ancestors 'self' https://product.example")
  expect(policy).not.toContain('unsafe')
  expect(policy).toContain("img-src 'self' blob: https:;")
  const known = await app.get('/', { 'if-none-match': String(headers.etag) })
  expect([known.status, known.body]).toEqual([304, ''])
})

test('shows pictures over HTTP in development, where products have no certificate', async () => {
  await using app = await startApp({ isDevelopment: true })
  expect((await app.get('/')).headers['content-security-policy']).toContain(
    "img-src 'self' blob: https: http:;",
  )
})

test('tells the app which pages may embed it', async () => {
  await using app = await startApp()
  const { headers, body } = await app.get('/app/embed.json')
  expect(JSON.parse(body)).toEqual({ origins: ['https://product.example'] })
  expect(headers['cache-control']).toBe('no-cache')
})

test('lets browsers keep files with a hash in their name, and compresses them', async () => {
  await using app = await startApp()
  const plain = await app.get('/assets/index-abc.js')
  expect(plain.headers['cache-control']).toBe('public, max-age=31536000, immutable')
  expect(plain.headers['content-type']).toBe('text/javascript; charset=utf-8')
  const zipped = await app.get('/assets/index-abc.js', { 'accept-encoding': 'gzip, br' })
  expect(zipped.headers['content-encoding']).toBe('gzip')
  expect(Number(zipped.headers['content-length'])).toBeLessThan(Number(plain.headers['content-length']))
  const head = await app.get('/assets/index-abc.js', {}, 'HEAD')
  expect([head.status, head.body, head.headers['content-length']]).toEqual([
    200,
    '',
    plain.headers['content-length'],
  ])
})

test.each([
  '/../secret.txt',
  '/assets/../../secret.txt',
  '/%2e%2e/secret.txt',
  '/..%2fsecret.txt',
  '/assets',
  '/assets/',
  '//index.html',
  '/index.html%00',
])('serves nothing at %s', async (path) => {
  await using app = await startApp()
  expect((await app.get(path)).status).toBe(404)
})

test('answers only GET and HEAD', async () => {
  await using app = await startApp()
  expect((await app.get('/', {}, 'POST')).status).toBe(404)
})

test('serves nothing while the app is not built, and the app once it is', async () => {
  await using app = await startApp({ isBuilt: false })
  expect((await app.get('/')).status).toBe(404)
  await build(app.folder, 'later')
  expect((await app.get('/')).body).toBe('<title>later</title>')
})

test('refuses a folder that is too large to be the app', async () => {
  await using app = await startApp()
  await writeFile(join(app.folder, 'assets', 'film.js'), Buffer.alloc(9 * 1024 * 1024))
  expect((await app.get('/')).status).toBe(404)
})

const people = async () => [{ id: 'user_alice', name: 'Alice', token: 'secret' }]

async function demoFor(headers: Record<string, string>, isProduction = false): Promise<string> {
  const page = createDemoPage(isProduction ? undefined : people)
  await using site = await serve((incoming, response) => void page.handle(incoming, response))
  return (await site.get(DEMO_PATH, headers)).body
}

test.each(['localhost:4000', '127.0.0.1', '[::1]:4000'])(
  'hands demo tokens to a page of %s',
  async (host) => {
    expect(await demoFor({ host })).toContain('secret')
    expect(await demoFor({ host, 'sec-fetch-site': 'same-origin' })).toContain('secret')
  },
)

test.each([
  ['another host that leads here', { host: 'evil.example' }],
  ['a host that only begins like one', { host: 'localhost.evil.example' }],
  ['a page of another site', { host: 'localhost:4000', 'sec-fetch-site': 'cross-site' }],
  ['a proxy', { host: 'localhost:4000', 'x-forwarded-for': '203.0.113.7' }],
])('hands no demo tokens to %s', async (_, headers) => {
  expect(await demoFor(headers)).toBe('{"people":[]}')
})

test('hands no demo tokens out in production', async () => {
  expect(await demoFor({ host: 'localhost' }, true)).toBe('{"people":[]}')
})

test.each([
  ['https://chat.example', 'chat.example', true],
  ['https://chat.example:8443', 'chat.example:8443', true],
  ['https://chat.example', 'CHAT.example', true],
  ['https://evil.example', 'chat.example', false],
  ['https://chat.example.evil.example', 'chat.example', false],
  ['null', 'chat.example', false],
])('a page of %s that asks %s is of the same origin: %s', (origin, host, isSame) => {
  expect(isSameOrigin({ origin, host })).toBe(isSame)
})

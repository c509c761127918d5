import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Frame, Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { issueToken } from '../../../src/auth/issue-token.ts'
import { BROWSER_TIMEOUT_MS } from '../../../test/harness/people/browser.ts'
import { TEST_SECRET } from '../../../test/harness/servers/parley.ts'
import { openChat, send, startApp, type TestApp, texts } from './app.ts'

const DOCUMENT = new URL('../../../docs/app.md', import.meta.url)

/** A product on a site of its own: its name is localhost, and the app's is 127.0.0.1. */
type Product = AsyncDisposable &
  Readonly<{
    origin: string
    app: TestApp
    /** The tokens that its page asked for. */
    tokens: readonly string[]
    /** Whether its visitor is signed in. */
    setIsSignedIn(isSignedIn: boolean): void
    open(path?: string): Promise<Page>
  }>

type Options = Readonly<{
  isAllowed?: boolean
  tokenLifetimeMs?: number
  /** Default: the page in the document. */
  page?: (chat: string) => string | Promise<string>
}>

async function startProduct({
  isAllowed = true,
  tokenLifetimeMs = 3_600_000,
  page = examplePage,
}: Options = {}): Promise<Product> {
  const resources = new AsyncDisposableStack()
  const tokens: string[] = []
  let isSignedIn = true
  let chat = ''
  async function respond({ url }: IncomingMessage, response: ServerResponse): Promise<void> {
    if (url === '/chat-token') {
      const expiresAt = new Date(Date.now() + tokenLifetimeMs)
      const token = await issueToken(TEST_SECRET, { subject: 'alice', name: 'Alice', expiresAt })
      tokens.push(token)
      response.writeHead(isSignedIn ? 200 : 401).end(isSignedIn ? token : '')
    } else response.setHeader('Content-Type', 'text/html').end(await page(chat))
  }
  const server = createServer((request, response) => void respond(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  resources.defer(() => server.close().closeAllConnections())
  const { port } = server.address() as { port: number }
  const origin = `http://localhost:${port}`
  const app = resources.use(await startApp({ allowedOrigins: isAllowed ? [origin] : [] }))
  chat = app.origin
  return {
    origin,
    app,
    tokens,
    setIsSignedIn: (next) => void (isSignedIn = next),
    open: () => app.openAt(origin),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

/** The page that the document shows, for the gateway of this test. */
async function examplePage(chat: string): Promise<string> {
  const [, html] = /```html\n(.*?)```/s.exec(await readFile(DOCUMENT, 'utf8')) ?? []
  if (html === undefined) throw new Error('docs/app.md shows no page.')
  return html.replaceAll('https://chat.example', chat)
}

async function frameIn(page: Page): Promise<Frame> {
  const handle = await page.getByTitle('Chat').elementHandle()
  const frame = await handle.contentFrame()
  if (frame === null) throw new Error('The page has no frame.')
  return frame
}

const viewerName = (frame: Frame): Promise<string> =>
  frame.getByRole('heading', { level: 1 }).innerText({ timeout: 10_000 })

test(
  'the page of the document signs its visitor in, shows unread messages, and renews tokens',
  async () => {
    await using product = await startProduct({ tokenLifetimeMs: 4_000 })
    const { parley } = product.app
    const [alice, bob] = await Promise.all([parley.person('alice'), parley.person('bob')])
    const page = await product.open()
    const frame = await frameIn(page)
    await expect.poll(() => viewerName(frame)).toBe('Alice')
    const chatId = await bob.startChat(alice)
    await bob.send(chatId, 'Hello')
    await expect.poll(() => page.locator('#unread').innerText()).toBe('1')
    await openChat(frame, 'Bob')
    await expect.poll(() => page.locator('#unread').innerText()).toBe('0')

    await expect.poll(() => product.tokens.length).toBeGreaterThan(2)
    await send(frame, 'With a token of now')
    await expect.poll(() => texts(frame)).toEqual(['Hello', 'With a token of now'])
    await expect.poll(() => frame.locator('.message .ticks').last().getAttribute('aria-label')).toBe('Sent')
    expect(product.app.errors).toEqual([])
  },
  BROWSER_TIMEOUT_MS,
)

test('a visitor who is not signed in sees it, and signs in without a reload', async () => {
  await using product = await startProduct()
  product.setIsSignedIn(false)
  const frame = await frameIn(await product.open())
  await frame.getByRole('heading', { name: 'You are signed out' }).waitFor()
  product.setIsSignedIn(true)
  await frame.getByRole('button', { name: 'Sign in' }).click()
  await expect.poll(() => viewerName(frame)).toBe('Alice')
  await frame.getByRole('button', { name: 'Settings' }).click()
  await frame.getByRole('dialog').waitFor()
  expect(await frame.getByRole('button', { name: 'Sign out' }).count()).toBe(0)
})

test('another frame of the same page cannot hand over a token', async () => {
  const tokenOf = (subject: string): Promise<string> => issueToken(TEST_SECRET, { subject, name: subject })
  const [alice, mallory] = await Promise.all([tokenOf('alice'), tokenOf('mallory')])
  const forged = `parent.frames.chat.postMessage({ type: 'parley:token', token: '${mallory}' }, '*')`
  await using product = await startProduct({
    // The page answers the second request. Meanwhile, its other frame sends tokens all the time.
    page: (chat) => `
      <iframe name="chat" title="Chat" src="${chat}/?embed"></iframe>
      <iframe srcdoc="<script>setInterval(() => ${forged}, 20)</script>"></iframe>
      <script>
        let requests = 0
        addEventListener('message', ({ source, data }) => {
          requests += 1
          if (requests > 1) source.postMessage({ type: 'parley:token', token: '${alice}' }, '${chat}')
        })
      </script>`,
  })
  const frame = await frameIn(await product.open())
  await expect.poll(() => viewerName(frame)).toBe('alice')
})

test('a page whose origin is not allowed cannot show the app', async () => {
  await using product = await startProduct({ isAllowed: false })
  const page = await product.open()
  await expect.poll(() => product.app.errors.some((error) => error.includes('frame-ancestors'))).toBe(true)
  expect((await frameIn(page)).url()).not.toContain(product.app.origin)
  expect(product.tokens).toEqual([])
})

import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import type { BrowserContext, Page } from 'playwright-core'
import { build, type Rolldown } from 'vite'
import { expect, test } from 'vitest'
import { startBrowser } from '../../../../test/harness/people/browser.ts'
import { startParley, UNLIMITED } from '../../../../test/harness/servers/parley.ts'
import type { Tab } from './page.ts'

/** How often a tab is killed. */
const KILLS = Number(process.env['TAB_KILLS'] ?? 30)
const TABS = 3

/** The page of the test, on an origin of its own. */
async function servePage(): Promise<Readonly<{ origin: string }> & AsyncDisposable> {
  const result = await build({
    logLevel: 'silent',
    configFile: false,
    build: {
      write: false,
      lib: { entry: fileURLToPath(new URL('page.ts', import.meta.url)), formats: ['es'], fileName: 'page' },
    },
  })
  const [{ output }] = [result].flat() as Rolldown.RolldownOutput[] as [Rolldown.RolldownOutput]
  const server = createServer((request, response) => {
    const isScript = request.url?.endsWith('.js') === true
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? output[0].code : '<!doctype html><script type="module" src="/page.js"></script>')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address() as { port: number }
  return {
    origin: `http://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

async function openTab(context: BrowserContext, address: string, chatId: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(address)
  await page.waitForFunction('window.tab !== undefined')
  await page.evaluate((id) => {
    const { tab } = window as unknown as { tab: Tab }
    tab.open(id)
    void tab.start()
  }, chatId)
  return page
}

const messagesIn = (page: Page, chatId: string) =>
  page.evaluate((id) => (window as unknown as { tab: Tab }).tab.messages(id), chatId)
const connectionOf = (page: Page) => page.evaluate(() => (window as unknown as { tab: Tab }).tab.connection())

test(`sends each message once and in order while tabs are killed ${KILLS} times, and one tab holds the inbox`, async () => {
  await using site = await servePage()
  await using parley = await startParley({
    config: {
      ...UNLIMITED,
      http: {
        host: '127.0.0.1',
        port: 0,
        allowedOrigins: [site.origin],
        allowedHeaders: [],
        trustedProxies: [],
      },
    },
  })
  const [alice, bob] = await Promise.all([parley.person('alice'), parley.person('bob')])
  const chatId = await alice.startChat(bob)
  await using browser = await startBrowser()
  const context = await browser.newContext()
  const address = `${site.origin}/?${String(new URLSearchParams({ url: parley.url, token: bob.token }))}`
  const tabs: Page[] = []
  for (let n = 0; n < TABS; n++) tabs.push(await openTab(context, address, chatId))
  const expected: string[] = []
  for (let kill = 0; kill < KILLS; kill++) {
    for (let n = 0; n < 3; n++) {
      const body = `${kill}.${n}`
      const page = tabs[(kill + n) % TABS] as Page
      await page.evaluate(([id, text]) => (window as unknown as { tab: Tab }).tab.send(id, text), [
        chatId,
        body,
      ] as const)
      expected.push(body)
    }
    // The tab that sent last is killed with its messages in flight. It is the leader in a third of the cases.
    const victim = (kill + 2) % TABS
    await tabs[victim]?.close({ runBeforeUnload: false })
    tabs[victim] = await openTab(context, address, chatId)
  }
  for (const page of tabs) {
    await expect.poll(() => connectionOf(page), { timeout: 20_000 }).toBe('live')
    await expect
      .poll(async () => (await messagesIn(page, chatId)).filter(([, status]) => status === 'pending'), {
        timeout: 20_000,
      })
      .toEqual([])
  }
  const { messages } = await bob.fetchChat(chatId)
  expect(messages.edges.map(({ node }) => node.body)).toEqual(expected.slice(-messages.edges.length))
  expect((await bob.fetchChat(chatId)).headSeq).toBe(expected.length)
  for (const page of tabs) {
    const shown = (await messagesIn(page, chatId)).map(([body]) => body)
    expect(shown.slice(-20)).toEqual(expected.slice(-20))
  }
}, 600_000)

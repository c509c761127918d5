import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { BROWSER_TIMEOUT_MS, startBrowser } from '../../harness/people/browser.ts'
import { startTcpProxy } from '../../harness/network/tcp-proxy.ts'
import { startParley } from '../../harness/servers/parley.ts'
import { serveWebPage } from '../../harness/servers/web-page.ts'
import type { Page } from './hand-written-page.ts'

const ENTRY = fileURLToPath(new URL('hand-written-page.ts', import.meta.url))

test.for(['websocket', 'sse'] as const)(
  'the hand-written client reconnects over %s in a browser and misses nothing',
  { timeout: BROWSER_TIMEOUT_MS },
  async (transport) => {
    await using site = await serveWebPage(ENTRY)
    await using parley = await startParley({
      config: {
        http: {
          host: '127.0.0.1',
          port: 0,
          allowedOrigins: [site.origin],
          allowedHeaders: [],
          trustedProxies: [],
        },
      },
    })
    const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
    const chat = await alice.startChat(bob)
    await alice.send(chat, 'one')
    await using proxy = await startTcpProxy(parley.url)
    await using browser = await startBrowser()
    const page = await browser.newPage()
    await page.goto(site.origin)
    await page.waitForFunction('globalThis.start !== undefined')
    await page.evaluate(
      ([transport, url, token]) => (globalThis as unknown as Page).start(transport, url, token),
      [transport, proxy.url, bob.token] as const,
    )
    const shown = (): Promise<string[]> => page.evaluate(() => (globalThis as unknown as Page).shown)
    await expect.poll(shown).toEqual(['one'])

    proxy.cut()
    await alice.send(chat, 'two')
    proxy.restore()
    await alice.send(chat, 'three')
    await expect.poll(shown).toEqual(['one', 'two', 'three'])
  },
)

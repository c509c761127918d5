import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { createGraphiql, type Graphiql, type GraphiqlTour } from '../../../src/transport/http/graphiql.ts'
import { BROWSER_TIMEOUT_MS, startBrowser } from '../../harness/people/browser.ts'
import { startGateway } from './gateway.ts'

const HTML = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }
test('sends the page compressed, lets browsers cache it, and renders it once', async () => {
  await using gateway = await startGateway({
    graphiql: createGraphiql({ tour: async () => ({ tabs: [{ query: '{ whoami }' }], values: {} }) }),
  })
  const first = await fetch(gateway.url, { headers: HTML })
  expect(first.headers.get('content-encoding')).toBe('gzip')
  expect(Number(first.headers.get('content-length'))).toBeLessThan(4_000_000)
  const page = await first.text()
  expect(page).toContain('<title>Parley</title>')
  const again = await fetch(gateway.url, {
    headers: { ...HTML, 'if-none-match': first.headers.get('etag') ?? '' },
  })
  expect(again.status).toBe(304)
  const plain = await fetch(gateway.url, { headers: { ...HTML, 'accept-encoding': 'identity' } })
  expect(plain.headers.get('content-encoding')).toBeNull()
  expect(await plain.text()).toBe(page)
})

test('escapes the content of tabs in the script', async () => {
  const evil = '</script><script>alert(1)</script>'
  const tour = async (): Promise<GraphiqlTour> => ({ tabs: [{ query: `# ${evil}` }], values: { evil } })
  await using gateway = await startGateway({ graphiql: createGraphiql({ tour }) })
  const response = await fetch(gateway.url, { headers: { ...HTML, 'accept-encoding': 'identity' } })
  expect(await response.text()).not.toContain('<script>alert(1)')
})

test('serves the page to browsers only, and only if it is switched on', async () => {
  await using without = await startGateway()
  const refused = await fetch(without.url, { headers: HTML })
  expect(await refused.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] })
  await using gateway = await startGateway({
    graphiql: createGraphiql({ tour: async () => ({ tabs: [], values: {} }) }),
  })
  const response = await fetch(`${gateway.url}?query=%7Bwhoami%7D`)
  expect(await response.json()).toEqual({ data: { whoami: 'anonymous' } })
})

/** Runs the operation of the visible tab. */
async function execute(page: Page): Promise<void> {
  await page.getByRole('button', { name: /execute query/i }).click()
}

/** Resolves when the page shows this text in a result. */
async function answer(page: Page, text: string): Promise<void> {
  await page.locator('.graphiql-response').getByText(text).first().waitFor({ timeout: 15_000 })
}

test(
  'runs queries and subscriptions in a browser as the user of their tab',
  async () => {
    const tokens = Promise.withResolvers<readonly string[]>()
    const tour = async (): Promise<GraphiqlTour> => {
      const [alice, bob] = (await tokens.promise).map((token) =>
        JSON.stringify({ authorization: `Bearer ${token}` }),
      )
      const tabs = [
        { query: '{ whoami }', headers: alice ?? '' },
        { query: 'subscription { observed }', headers: bob ?? '' },
      ]
      return { tabs, values: {} }
    }
    await using gateway = await startGateway({ graphiql: createGraphiql({ tour }) })
    tokens.resolve([await gateway.token('alice'), await gateway.token('bob')])
    await using browser = await startBrowser()
    const page = await browser.newPage()
    const requests: string[] = []
    const complaints: string[] = []
    page.on('request', (request) => requests.push(request.url()))
    page.on('websocket', (socket) => requests.push(socket.url()))
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(gateway.url)
    await execute(page)
    await answer(page, 'alice')
    const logo = page.locator('.graphiql-logo')
    expect([await logo.innerText(), await logo.locator('svg').isVisible()]).toEqual(['Parley', false])
    await page.getByRole('tab').nth(1).click()
    await execute(page)
    await expect.poll(() => gateway.streams[0]?.viewer, { timeout: 10_000 }).toBe('bob')
    gateway.streams[0]?.push('a first event')
    await answer(page, 'a first event')
    expect(complaints).toEqual([])
    const { host } = new URL(gateway.url)
    const elsewhere = requests.filter((url) => !/^(blob|data):/.test(url) && new URL(url).host !== host)
    expect(elsewhere).toEqual([])
  },
  BROWSER_TIMEOUT_MS,
)

/** GraphiQL after a restart of the gateway: the values of the previous start are invalid. */
function restartable(): Graphiql & { start(tour: GraphiqlTour): void } {
  let graphiql = createGraphiql({ tour: async () => ({ tabs: [], values: {} }) })
  return {
    serve: (request, response) => graphiql.serve(request, response),
    start(tour) {
      graphiql = createGraphiql({ tour: async () => tour })
    },
  }
}

function tourOf(token: string, chat: string): GraphiqlTour {
  const headers = JSON.stringify({ authorization: `Bearer ${token}` })
  const query = `query Tour { whoami echo(text: "${chat}") }`
  return { tabs: [{ query, headers }], values: { token, chat } }
}

test(
  'replaces old values in tabs that a browser kept, and keeps what the user typed',
  async () => {
    const graphiql = restartable()
    await using gateway = await startGateway({ graphiql })
    await using browser = await startBrowser()
    const page = await browser.newPage()
    graphiql.start(tourOf(await gateway.token('alice'), 'chat_old'))
    await page.goto(gateway.url)
    await execute(page)
    await answer(page, 'alice')
    await page.locator('.graphiql-editor').first().click()
    await page.keyboard.press('Control+End')
    await page.keyboard.type(' # mine')
    await expect.poll(() => page.evaluate(() => JSON.stringify(localStorage))).toContain('# mine')
    graphiql.start(tourOf(await gateway.token('bob'), 'chat_new'))
    await page.reload()
    await execute(page)
    await answer(page, 'bob')
    await answer(page, 'chat_new')
    await expect.poll(() => page.locator('.graphiql-editor').first().innerText()).toMatch(/chat_new.*#.mine/s)
  },
  BROWSER_TIMEOUT_MS,
)

test('renders the page again before its values expire', async () => {
  let made = 0
  const tour = async (): Promise<GraphiqlTour> => ({ tabs: [{ query: `# ${(made += 1)}` }], values: {} })
  await using gateway = await startGateway({ graphiql: createGraphiql({ tour, maxAgeMs: 0 }) })
  const [first, second] = [
    await fetch(gateway.url, { headers: HTML }),
    await fetch(gateway.url, { headers: HTML }),
  ]
  expect(first.headers.get('etag')).not.toBe(second.headers.get('etag'))
  await Promise.all([first.arrayBuffer(), second.arrayBuffer()])
  expect(made).toBe(2)
})

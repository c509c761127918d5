import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BROWSER_TIMEOUT_MS, startBrowser } from '../harness/people/browser.ts'
import { startParley, type TestParley } from '../harness/servers/parley.ts'

let parley: TestParley
let browser: Browser
let context: BrowserContext
const requested: string[] = []
const complaints: string[] = []
beforeAll(async () => {
  parley = await startParley()
  browser = await startBrowser()
  context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
  context.on('request', (request) => requested.push(request.url()))
  context.on('weberror', (error) => complaints.push(error.error().message))
  context.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
}, BROWSER_TIMEOUT_MS)
afterAll(async () => {
  await browser.close()
  await parley[Symbol.asyncDispose]()
})

/** GraphiQL in a window of its own. */
async function openWindow(): Promise<Page> {
  const page = await context.newPage()
  page.on('websocket', (socket) => requested.push(socket.url()))
  await page.goto(parley.url)
  return page
}

/** Selects a tab. If GraphiQL still moves it, it has to be clicked again. */
async function take(page: Page, name: string): Promise<void> {
  const tab = page.getByRole('tab', { name })
  const click = async (): Promise<string | null> => {
    await tab.getByText(name).click()
    return tab.getAttribute('aria-selected')
  }
  await expect.poll(click, { timeout: 10_000 }).toBe('true')
}

async function answerIn(page: Page): Promise<string> {
  return (await page.locator('.graphiql-response').innerText()).replaceAll('\u00A0', ' ')
}

/** Waits until the result in the window contains all of this. */
async function answers(page: Page, ...texts: readonly string[]): Promise<void> {
  for (const text of texts) await expect.poll(() => answerIn(page), { timeout: 10_000 }).toContain(text)
}

/**
 * Selects a tab and runs it. If GraphiQL has not read the tab yet, it says so, and the button has to be pressed again.
 */
async function run(page: Page, name: string): Promise<void> {
  // A window in the background draws one frame a second.
  await page.bringToFront()
  await take(page, name)
  do {
    await page.getByRole('button', { name: /execute query/i }).click()
    await answers(page, '{')
  } while ((await answerIn(page)).includes('Cannot infer operation'))
}

test('the tour of eight tabs works from left to right, with Bob in a second window', async () => {
  const first = await openWindow()
  expect(await first.getByRole('tab').allInnerTexts()).toEqual([
    'Alice_WhoAmI',
    'Alice_StartChat',
    'Bob_Inbox',
    'Alice_Send',
    'Bob_MarkRead',
    'Alice_History',
    'Alice_CreateGroup',
    'Carol_Chats',
  ])
  await run(first, 'Alice_WhoAmI')
  await answers(first, '"id": "user_alice"', '"name": "Alice"')
  await run(first, 'Alice_StartChat')
  await answers(first, '"headSeq": 0', '"name": "Bob"')

  const second = await openWindow()
  await run(second, 'Bob_Inbox')
  await answers(second, '"__typename": "CaughtUp"')

  await run(first, 'Alice_Send')
  await answers(first, '"deduplicated": false', '"seq": 1', '"status": "SENT"')
  await answers(second, '"__typename": "MessageSent"', '"body": "Hello Bob!"', '"unreadCount": 1')
  await run(first, 'Alice_Send')
  await answers(first, '"deduplicated": true', '"seq": 1')

  await run(first, 'Bob_MarkRead')
  await answers(first, '"unreadCount": 0', '"readSeq": 1')
  await answers(second, '"__typename": "ReceiptAdvanced"', '"readSeq": 1')
  await run(first, 'Alice_History')
  await answers(first, '"body": "Hello Bob!"', '"status": "READ"')
  await run(first, 'Alice_CreateGroup')
  await answers(first, '"title": "Tea"', '"role": "OWNER"', '"name": "Carol"')
  await answers(second, '"__typename": "ChatUpdated"', '"title": "Tea"')
  await run(first, 'Carol_Chats')
  await answers(first, '"memberCount": 3', '"__typename": "ChatUpdated"')
  const screenshot = process.env['SCREENSHOTS']
  if (screenshot !== undefined) {
    await first.screenshot({ path: `${screenshot}/first.png` })
    await second.screenshot({ path: `${screenshot}/second.png` })
  }
}, 60_000)

test('the browser sends no request to other hosts and reports no error', () => {
  const { host } = new URL(parley.url)
  const network = requested.filter((url) => !/^(blob|data):/.test(url))
  expect(network.length).toBeGreaterThan(2)
  expect(network.filter((url) => new URL(url).host !== host)).toEqual([])
  expect(complaints).toEqual([])
})

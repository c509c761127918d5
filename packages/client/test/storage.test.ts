import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startBrowser } from '../../../test/harness/people/browser.ts'
import { serveWebPage, type WebPage } from '../../../test/harness/servers/web-page.ts'
import { memoryStorage } from '../src/index.ts'
import { STORAGE_CONTRACT } from './storage-contract.ts'
import type { StoragePage } from './storage-page.ts'

type PageWindow = Readonly<{ storagePage: StoragePage }>

let site: WebPage
let browser: Browser
let page: Page
beforeAll(async () => {
  site = await serveWebPage(fileURLToPath(new URL('storage-page.ts', import.meta.url)))
  browser = await startBrowser()
  page = await browser.newPage()
  await page.goto(site.origin)
  await page.waitForFunction('window.storagePage !== undefined')
})
afterAll(async () => {
  await browser.close()
  await site[Symbol.asyncDispose]()
})

const NAMES = Object.keys(STORAGE_CONTRACT)

test.for(NAMES)('memory in Node.js: %s', async (name) => {
  await STORAGE_CONTRACT[name]?.(memoryStorage(), (actual, expected) => expect(actual).toEqual(expected))
})

for (const kind of ['memory', 'indexedDb'] as const) {
  test.for(NAMES)(`${kind} in Chromium: %s`, async (name) => {
    const failure = await page.evaluate(
      ([of, test]) => (window as unknown as PageWindow).storagePage.runContract(of, test),
      [kind, name] as const,
    )
    expect(failure).toBeUndefined()
  })
}

test('IndexedDB keeps values when the storage is closed and opened again', async () => {
  const kept = await page.evaluate(() => (window as unknown as PageWindow).storagePage.survivesClose())
  expect(kept).toEqual({ deep: [1] })
})

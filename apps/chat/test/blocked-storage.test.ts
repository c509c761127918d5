import { afterAll, beforeAll, expect, test } from 'vitest'
import { BROWSER_TIMEOUT_MS } from '../../../test/harness/people/browser.ts'
import { newestTick, openChat, send, startApp, type TestApp, texts } from './app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
}, BROWSER_TIMEOUT_MS)
afterAll(() => app[Symbol.asyncDispose]())

const INDEXED_DB = `Object.defineProperty(window, 'indexedDB', {
  value: { open() { throw new DOMException('denied', 'SecurityError') } } })`
const ALL = `${INDEXED_DB}
for (const name of ['localStorage', 'sessionStorage'])
  Object.defineProperty(window, name, { get() { throw new DOMException('denied', 'SecurityError') } })`

test.each([
  ['indexeddb', INDEXED_DB],
  ['all', ALL],
])('works in memory, and says so, while the browser blocks storage: %s', async (name, script) => {
  const [alice, bob] = await Promise.all([
    app.parley.person(`alice-${name}`),
    app.parley.person(`bob-${name}`),
  ])
  const chatId = await alice.startChat(bob)
  await bob.send(chatId, 'Hello')
  const page = await app.open(alice, { script })
  const banner = page.locator('.banner')
  await expect.poll(() => banner.innerText()).toContain('lost when you close it')
  await banner.getByRole('button', { name: 'OK' }).click()
  await expect.poll(() => banner.count()).toBe(0)
  await openChat(page, `Bob-${name}`)
  await send(page, 'Hello from memory')
  await expect.poll(() => texts(page)).toEqual(['Hello', 'Hello from memory'])
  await expect.poll(() => newestTick(page)).toBe('Sent')
  await page.context().setOffline(true)
  await expect.poll(() => banner.innerText()).toContain('Keep this page open')
})

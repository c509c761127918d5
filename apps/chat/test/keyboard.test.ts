import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BROWSER_TIMEOUT_MS } from '../../../test/harness/people/browser.ts'
import { openChat, send, startApp, type TestApp, texts } from './app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
}, BROWSER_TIMEOUT_MS)
afterAll(() => app[Symbol.asyncDispose]())

/** The label or text of the focused element. */
function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const { activeElement: element, body } = document
    return element === null || element === body ? '' : (element.ariaLabel ?? element.textContent)
  })
}

test('the list of chats is one stop of the Tab key, and arrow keys move in it', async () => {
  const [alice, bob, carol] = await Promise.all([
    app.parley.person('alice'),
    app.parley.person('bob'),
    app.parley.person('carol'),
  ])
  await bob.send(await bob.startChat(alice), 'From Bob')
  await carol.send(await carol.startChat(alice), 'From Carol')
  const page = await app.open(alice)
  await page.getByRole('navigation').getByRole('button', { name: 'Bob' }).waitFor()
  await page.getByRole('searchbox').focus()
  await page.keyboard.press('Tab')
  expect(await focused(page)).toContain('From Carol')
  await page.keyboard.press('ArrowDown')
  expect(await focused(page)).toContain('From Bob')
  await page.keyboard.press('Shift+Tab')
  expect(await focused(page)).toBe('Search chats')
  await page.keyboard.press('Tab')
  expect(await focused(page)).toContain('From Bob')
})

test('Home, End, Tab and Escape work in the messages', async () => {
  const [dave, erin] = await Promise.all([app.parley.person('dave'), app.parley.person('erin')])
  const chatId = await dave.startChat(erin)
  for (const body of ['First', 'Second', 'See https://example.com/notes.']) await erin.send(chatId, body)
  const page = await app.open(dave)
  await openChat(page, 'Erin')
  await expect.poll(() => texts(page)).toHaveLength(3)
  const { keyboard } = page
  await keyboard.press('Shift+Tab')
  await expect.poll(() => focused(page)).toBe('https://example.com/notes')
  await keyboard.press('Home')
  await expect.poll(() => focused(page)).toContain('First')
  await keyboard.press('End')
  await expect.poll(() => focused(page)).toContain('See ')
  await keyboard.press('Tab')
  await expect.poll(() => focused(page)).toBe('https://example.com/notes')
  await keyboard.press('Escape')
  await expect.poll(() => focused(page)).toBe('Message')
})

test('a screen reader hears new messages of others, and not the old ones', async () => {
  const [frank, grace] = await Promise.all([app.parley.person('frank'), app.parley.person('grace')])
  const chatId = await frank.startChat(grace)
  await grace.send(chatId, 'An old one')
  const page = await app.open(frank)
  await openChat(page, 'Grace')
  await expect.poll(() => texts(page)).toEqual(['An old one'])
  const log = page.getByRole('log')
  expect(await log.textContent()).toBe('')
  await send(page, 'My own')
  await grace.send(chatId, 'A new one')
  await expect.poll(() => log.textContent()).toBe('Grace: A new one')
})

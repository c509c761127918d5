import { afterAll, beforeAll, expect, test } from 'vitest'
import { BROWSER_TIMEOUT_MS } from '../../../test/harness/people/browser.ts'
import { newestTick, openChat, send, startApp, type TestApp, texts } from './app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
}, BROWSER_TIMEOUT_MS)
afterAll(() => app[Symbol.asyncDispose]())

test('an edit that fails keeps its text beside the reason, and can be saved later', async () => {
  const [alice, bob] = await Promise.all([app.parley.person('alice'), app.parley.person('bob')])
  await alice.send(await alice.startChat(bob), 'Helo')
  const page = await app.open(alice)
  await openChat(page, 'Bob')
  await expect.poll(() => texts(page)).toEqual(['Helo'])
  const field = page.getByRole('textbox', { name: 'Message' })
  await field.fill('A draft')
  await page.locator('.message').first().click({ button: 'right' })
  await page.getByRole('button', { name: 'Edit' }).click()
  await page.context().route('**/graphql', (route) => route.abort())
  await send(page, 'Hello')
  const note = page.locator('.composer-note')
  await expect.poll(() => note.innerText()).toContain('no connection')
  expect(await field.inputValue()).toBe('Hello')
  expect(await page.getByText('Edit message').isVisible()).toBe(true)

  await page.context().unroute('**/graphql')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect.poll(() => texts(page)).toEqual(['Hello'])
  await expect.poll(() => field.inputValue()).toBe('A draft')
  expect(await note.count()).toBe(0)
})

test('counts characters as the server does, cuts nothing, and says why a text is too long', async () => {
  const [carol, dave] = await Promise.all([app.parley.person('carol'), app.parley.person('dave')])
  const chatId = await carol.startChat(dave)
  const page = await app.open(carol)
  await openChat(page, 'Dave')
  const field = page.getByRole('textbox', { name: 'Message' })
  const button = page.getByRole('button', { name: 'Send' })
  const note = page.locator('.composer-note')
  await field.fill('x'.repeat(8_300))
  expect((await field.inputValue()).length).toBe(8_300)
  expect(await note.innerText()).toContain('Too long by 108 characters')
  expect(await button.isDisabled()).toBe(true)
  await field.press('Enter')
  expect((await field.inputValue()).length).toBe(8_300)

  const emoji = '😀'.repeat(8_192)
  await field.fill(emoji)
  expect(await note.innerText()).toBe('8,192 of 8,192 characters')
  await field.press('Enter')
  await expect.poll(() => newestTick(page)).toBe('Sent')
  const { messages } = await dave.fetchChat(chatId)
  expect(messages.edges.map(({ node }) => node.body)).toEqual([emoji])
})

import { afterAll, beforeAll, expect, test } from 'vitest'
import { BROWSER_TIMEOUT_MS } from '../../../test/harness/people/browser.ts'
import { newestTick, openChat, send, startApp, type TestApp, texts } from './app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
}, BROWSER_TIMEOUT_MS)
afterAll(() => app[Symbol.asyncDispose]())

test('two people talk, and ticks tell how far a message has come', async () => {
  const [alice, bob] = await Promise.all([app.parley.person('alice'), app.parley.person('bob')])
  const first = await app.open(alice)
  await first.getByRole('button', { name: 'New chat' }).click()
  await first.getByLabel('Someone else, by their user name').fill('bob')
  await first.getByRole('button', { name: 'Add' }).click()
  await first.getByRole('button', { name: 'Start chat' }).click()
  await send(first, 'Hello Bob!')
  await expect.poll(() => newestTick(first)).toBe('Sent')

  const second = await app.open(bob)
  await expect.poll(() => newestTick(first)).toBe('Delivered')
  const row = second.getByRole('navigation').getByRole('button', { name: 'Alice' })
  await expect.poll(() => row.innerText()).toContain('Hello Bob!')
  expect(await row.innerText()).toMatch(/1\s+unread/)
  expect(await second.title()).toBe('(1) Parley')
  await openChat(second, 'Alice')
  await expect.poll(() => newestTick(first)).toBe('Read')
  await expect.poll(() => second.title()).toBe('Parley')

  await second.getByRole('textbox', { name: 'Message' }).pressSequentially('Hel')
  await expect.poll(() => first.locator('.chat-header').innerText()).toContain('typing…')
  await send(second, 'Hello Alice! 👋')
  await expect.poll(() => texts(first)).toEqual(['Hello Bob!', 'Hello Alice! 👋'])
  await expect.poll(() => first.locator('.chat-header').innerText()).toContain('online')
  expect(new URL(first.url()).hash).not.toContain('token')
  expect(app.errors).toEqual([])
})

test('a message is answered, reacted to, edited and deleted', async () => {
  const [carol, dave] = await Promise.all([app.parley.person('carol'), app.parley.person('dave')])
  const chatId = await carol.startChat(dave)
  await carol.send(chatId, 'Tea at four?')
  const [hers, his] = await Promise.all([app.open(carol), app.open(dave)])
  await Promise.all([openChat(hers, 'Dave'), openChat(his, 'Carol')])

  await his.locator('.message').first().hover()
  await his.getByRole('list', { name: 'Messages' }).getByRole('button', { name: 'Reply' }).click()
  await send(his, 'With pleasure')
  await expect.poll(() => hers.locator('.quote').innerText()).toContain('Tea at four?')

  await his.locator('.message').first().click({ button: 'right' })
  await his.getByRole('button', { name: 'React with 👍' }).click()
  await expect.poll(() => hers.locator('.reaction').getAttribute('aria-label')).toBe('👍 by Dave')

  const field = his.getByRole('textbox', { name: 'Message' })
  await field.press('ArrowUp')
  expect(await field.inputValue()).toBe('With pleasure')
  await send(his, 'With great pleasure')
  await expect.poll(() => texts(hers)).toEqual(['Tea at four?', 'With great pleasure'])
  expect(await hers.locator('.message').last().innerText()).toContain('edited')

  await hers.locator('.message').first().click({ button: 'right' })
  await hers.getByRole('button', { name: 'Delete' }).click()
  await hers.getByRole('button', { name: 'Delete for everyone?' }).click()
  await expect.poll(async () => (await texts(his))[0]).toBe('Message deleted')
  expect(app.errors).toEqual([])
})

test('a text that the server refuses stays, and can be discarded', async () => {
  const [erin, frank] = await Promise.all([app.parley.person('erin'), app.parley.person('frank')])
  await erin.startChat(frank)
  const page = await app.open(erin)
  await openChat(page, 'Frank')
  await send(page, 'A control character: \u0007')
  await expect.poll(() => newestTick(page)).toBe('Not sent')
  await page.getByRole('button', { name: 'Try again' }).click()
  await expect.poll(() => newestTick(page)).toBe('Not sent')
  const reason = page.getByText('The text has invisible characters that cannot be sent.')
  await expect.poll(() => reason.count()).toBe(1)
  await page.getByRole('button', { name: 'Discard' }).click()
  await expect.poll(() => texts(page)).toEqual([])
})

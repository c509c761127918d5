import type { Frame, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BROWSER_TIMEOUT_MS } from '../../../test/harness/people/browser.ts'
import { newestTick, openChat, problemsIn, send, startApp, type TestApp, texts } from './app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
}, BROWSER_TIMEOUT_MS)
afterAll(() => app[Symbol.asyncDispose]())

async function frameOf(page: Page, name: string): Promise<Frame> {
  const handle = await page.getByTitle(`${name}’s app`).elementHandle()
  const frame = await handle.contentFrame()
  if (frame === null) throw new Error(`${name} has no frame.`)
  return frame
}

test('a person who is cut off sees it, writes on, and each message arrives once', async () => {
  const page = await app.openStart({ viewport: { width: 1440, height: 800 } })
  const [alice, bob] = await Promise.all([frameOf(page, 'Alice'), frameOf(page, 'Bob')])
  await alice.getByRole('button', { name: 'New chat' }).click()
  await alice.getByLabel('Bob').check()
  await alice.getByRole('button', { name: 'Start chat' }).click()
  await send(alice, 'Hello!')
  await openChat(bob, 'Alice')
  await expect.poll(() => newestTick(alice)).toBe('Read')

  await alice.getByRole('switch').uncheck()
  await expect.poll(() => alice.locator('.banner').innerText()).toContain('You are offline')
  await send(alice, 'First from the tunnel')
  await send(alice, 'Second from the tunnel')
  await expect.poll(() => newestTick(alice)).toBe('Waiting to be sent')
  await send(bob, 'Where are you?')
  await expect.poll(() => newestTick(bob)).toBe('Sent')
  expect(await texts(bob)).toEqual(['Hello!', 'Where are you?'])

  await alice.getByRole('switch').check()
  await expect.poll(() => newestTick(alice)).toBe('Read')
  await expect.poll(() => alice.locator('.banner').count()).toBe(0)
  const all = ['Hello!', 'Where are you?', 'First from the tunnel', 'Second from the tunnel']
  await expect.poll(() => texts(bob)).toEqual(all)
  await expect.poll(() => texts(alice)).toEqual(all)
})

test('a message that was queued is sent after a reload', async () => {
  const [carol, dave] = await Promise.all([app.parley.person('carol'), app.parley.person('dave')])
  const chatId = await carol.startChat(dave)
  await dave.send(chatId, 'Are you there?')
  const page = await app.open(carol)
  await openChat(page, 'Dave')
  await expect.poll(() => texts(page)).toEqual(['Are you there?'])
  await page.context().route('**/graphql', (route) => route.abort())
  await send(page, 'Yes')
  await expect.poll(() => newestTick(page)).toBe('Waiting to be sent')
  await page.context().unroute('**/graphql')
  await page.reload()
  await expect.poll(() => texts(page)).toEqual(['Are you there?', 'Yes'])
  await expect.poll(() => newestTick(page)).toBe('Sent')
  expect((await dave.fetchChat(chatId)).headSeq).toBe(2)
})

test('a page about a refused token leads back to the sign-in page', async () => {
  const page = await app.openStart({ viewport: { width: 1000, height: 700 } })
  await page.goto(`${app.origin}/?#token=not-a-token`)
  await page.reload()
  await page.getByRole('heading', { name: 'This token does not work' }).waitFor()
  expect(await page.getByRole('button', { name: 'Start a conversation' }).count()).toBe(0)
  expect(await problemsIn(page)).toEqual([])
  await page.getByRole('button', { name: 'Use another token' }).click()
  const erin = await app.parley.person('erin')
  await page.getByLabel('Token').fill(erin.token)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect.poll(() => page.getByRole('heading', { level: 1 }).innerText()).toBe('Erin')
})

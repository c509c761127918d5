import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BROWSER_TIMEOUT_MS } from '../../../test/harness/people/browser.ts'
import { openChat, send, startApp, type TestApp, texts } from './app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
}, BROWSER_TIMEOUT_MS)
afterAll(() => app[Symbol.asyncDispose]())

/** The lines about the group between its messages. */
function eventLines(page: Page): Promise<string[]> {
  return page.locator('.event-line').allInnerTexts()
}

/** Presses a button of the question that is asked. */
async function confirm(page: Page, title: string, button: string): Promise<void> {
  const question = page.getByRole('alertdialog', { name: title })
  await question.getByRole('button', { name: button }).click()
  await question.waitFor({ state: 'detached' })
}

test('a group is created, grows, gets another name and an admin, and is left', async () => {
  const names = ['alice', 'bob', 'carol'] as const
  const [alice, bob, carol] = await Promise.all(names.map((name) => app.parley.person(name)))
  if (alice === undefined || bob === undefined || carol === undefined) throw new Error('Three people')
  const page = await app.open(alice)
  await page.getByRole('button', { name: 'New chat' }).click()
  await page.getByLabel('Someone else, by their user name').fill('bob')
  await page.getByRole('button', { name: 'Add' }).click()
  await page.getByLabel('Name of the group').fill('Garden')
  await page.getByRole('button', { name: 'Create group' }).click()
  await send(page, 'Welcome')

  const others = await app.open(bob)
  await openChat(others, 'Garden')
  await expect.poll(() => texts(others)).toEqual(['Welcome'])

  const about = page.getByRole('button', { name: 'About' })
  await about.click()
  const sheet = page.getByRole('dialog')
  await sheet.getByLabel('Someone else, by their user name').fill('carol')
  await sheet.getByRole('button', { name: 'Add', exact: true }).click()
  await sheet.getByRole('button', { name: 'Add to the group' }).click()
  await expect.poll(() => sheet.getByRole('region', { name: 'Members' }).innerText()).toContain('Carol')
  await sheet.getByLabel('Role of Bob').selectOption('OWNER')
  await confirm(page, 'Make Bob an owner?', 'Cancel')
  expect(await sheet.getByLabel('Role of Bob').inputValue()).toBe('MEMBER')
  await sheet.getByLabel('Role of Bob').selectOption('ADMIN')
  await expect.poll(() => sheet.getByLabel('Role of Bob').inputValue()).toBe('ADMIN')
  await sheet.getByLabel('Name', { exact: true }).fill('Herb garden')
  await sheet.getByRole('button', { name: 'Rename' }).click()
  await expect.poll(() => others.locator('.chat-header').innerText()).toContain('Herb garden')
  await expect.poll(() => others.locator('.chat-header').innerText()).toContain('3 members')
  await sheet.getByLabel('New messages disappear').selectOption('3600')
  await expect.poll(() => others.locator('.chat-header .icon-timer').count()).toBe(1)
  await sheet.getByRole('button', { name: 'Close' }).click()
  await send(page, 'This disappears')
  await expect.poll(() => others.locator('.expiry').innerText()).toMatch(/min/)

  const happened = ['Alice created the group', 'Alice added Carol', 'Alice made you an admin']
  const changed = 'Alice changed the name or settings of the group'
  await expect.poll(() => eventLines(others)).toEqual([...happened, changed, changed])

  await others.getByRole('button', { name: 'About' }).click()
  const theirs = others.getByRole('dialog')
  await theirs.getByRole('button', { name: 'Remove Carol' }).click()
  await confirm(others, 'Remove Carol?', 'Remove')
  await expect.poll(() => theirs.getByRole('region', { name: 'Members' }).innerText()).toContain('2 members')
  await theirs.getByRole('button', { name: 'Leave the group' }).click()
  await confirm(others, 'Leave Herb garden?', 'Leave')
  await expect
    .poll(() => eventLines(page))
    .toEqual([
      'You created the group',
      'You added Carol',
      'You made Bob an admin',
      changed.replace('Alice', 'You'),
      changed.replace('Alice', 'You'),
      'Bob removed Carol',
      'Bob left',
    ])
  await expect.poll(() => others.locator('.composer-closed').innerText()).toContain('no longer a member')
  expect(app.errors).toEqual([])
})

test('a newcomer starts with a group, whose button stays in sight below many people', async () => {
  const newcomer = await app.parley.person('nora')
  const names = Array.from({ length: 12 }, (_, index) => `friend${index}`)
  await Promise.all(names.map((name) => app.parley.person(name)))
  const page = await app.open(newcomer, { viewport: { width: 800, height: 520 } })
  await page.getByRole('button', { name: 'Start a conversation' }).click()
  const sheet = page.getByRole('dialog')
  for (const name of names) {
    await sheet.getByLabel('Someone else, by their user name').fill(name)
    await sheet.getByRole('button', { name: 'Add' }).click()
  }
  await sheet.getByLabel('Name of the group').fill('Old friends')
  await sheet.getByText('friend0', { exact: true }).scrollIntoViewIfNeeded()
  const create = sheet.getByRole('button', { name: 'Create group' })
  const [button, dialog] = await Promise.all([create.boundingBox(), sheet.boundingBox()])
  if (button === null || dialog === null) throw new Error('Both are visible')
  expect(button.y + button.height).toBeLessThan(dialog.y + dialog.height)
  await create.click()
  await expect.poll(() => page.locator('.chat-header').innerText()).toContain('13 members')
})

test('says which person does not exist', async () => {
  const [dave, erin] = await Promise.all([app.parley.person('dave'), app.parley.person('erin')])
  await dave.startChat(erin)
  const page = await app.open(dave)
  await page.getByRole('button', { name: 'New chat' }).click()
  const sheet = page.getByRole('dialog')
  async function add(name: string): Promise<void> {
    await sheet.getByLabel('Someone else, by their user name').fill(name)
    await sheet.getByRole('button', { name: 'Add' }).click()
  }
  await add('yan')
  await sheet.getByRole('button', { name: 'Start chat' }).click()
  await expect.poll(() => sheet.getByRole('alert').innerText()).toContain('“yan”')
  await sheet.getByRole('checkbox', { name: 'yan' }).uncheck()
  for (const name of ['erin', 'zoe']) await add(name)
  await sheet.getByLabel('Name of the group').fill('Ghosts')
  await sheet.getByRole('button', { name: 'Create group' }).click()
  await expect.poll(() => sheet.getByRole('alert').innerText()).toContain('“zoe”')
})

test('a message of a person who was removed is not offered again', async () => {
  const [frank, grace] = await Promise.all([app.parley.person('frank'), app.parley.person('grace')])
  const chatId = await frank.createGroup([grace], { title: 'Short' })
  const page = await app.open(grace)
  await openChat(page, 'Short')
  await page.context().route('**/graphql', (route) => route.abort())
  await send(page, 'Too late')
  await frank.removeMember(chatId, grace)
  await page.context().unroute('**/graphql')
  await expect.poll(() => page.locator('.failure').innerText()).toContain('no longer a member')
  expect(await page.getByRole('button', { name: 'Try again' }).count()).toBe(0)
  await page.getByRole('button', { name: 'Discard' }).click()
  await expect.poll(() => page.locator('.failure').count()).toBe(0)
})

test('a system message is a line between the messages, and the newest thing in the list of chats', async () => {
  const [dave, erin] = await Promise.all(['dave', 'erin'].map((name) => app.parley.person(name)))
  if (dave === undefined || erin === undefined) throw new Error('Two people')
  const chatId = await dave.createGroup([erin], { title: 'Order 7' })
  await erin.send(chatId, 'Where is it?')
  const page = await app.open(dave)
  await openChat(page, 'Order 7')
  const backend = await app.parley.backend()
  const input = { chatId, clientMessageId: 'shipped', body: 'The order has shipped' }
  await backend.run('mutation ($input: SendMessageInput!) { sendMessage(input: $input) { deduplicated } }', {
    input,
  })
  await expect.poll(() => eventLines(page)).toContain('The order has shipped')
  expect(await texts(page)).toEqual(['Where is it?'])
  const row = page.getByRole('navigation').getByRole('button', { name: 'Order 7' })
  await expect.poll(() => row.innerText()).toContain('The order has shipped')
  expect(await row.innerText()).not.toContain('System')
})

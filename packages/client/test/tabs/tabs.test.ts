import { fileURLToPath } from 'node:url'
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BROWSER_TIMEOUT_MS, startBrowser } from '../../../../test/harness/people/browser.ts'
import type { Person } from '../../../../test/harness/people/person.ts'
import { serveWebPage, type WebPage } from '../../../../test/harness/servers/web-page.ts'
import type { Tab } from './page.ts'
import { startTabsServer, type TabsServer } from './server.ts'

/** How often a tab is killed. `TAB_KILLS` in the environment replaces it. */
const KILLS = Number(process.env['TAB_KILLS'] ?? 30)
const TABS = 3
const SETTLE = { timeout: 20_000 }

let site: WebPage
let server: TabsServer
let browser: Awaited<ReturnType<typeof startBrowser>>
beforeAll(async () => {
  site = await serveWebPage(fileURLToPath(new URL('page.ts', import.meta.url)))
  server = await startTabsServer(site.origin)
  browser = await startBrowser()
}, BROWSER_TIMEOUT_MS)
afterAll(async () => {
  await browser.close()
  await server[Symbol.asyncDispose]()
  await site[Symbol.asyncDispose]()
})

/** Two people with a chat. The second one's tabs open at `address`. */
async function twoPeople(name: string) {
  const [alice, bob] = await Promise.all([server.person(`alice-${name}`), server.person(`bob-${name}`)])
  const address = `${site.origin}/?${String(new URLSearchParams({ url: server.url, token: bob.token }))}`
  return { alice, bob, address, chatId: await alice.startChat(bob), context: await browser.newContext() }
}

async function openTab(context: BrowserContext, address: string, chatId: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(address)
  await page.waitForFunction('window.tab !== undefined')
  await page.evaluate((id) => {
    const { tab } = window as unknown as { tab: Tab }
    tab.open(id)
    // A tab that is killed before it is live rejects.
    void tab.start().catch(() => undefined)
  }, chatId)
  return page
}

const messagesIn = (page: Page, chatId: string) =>
  page.evaluate((id) => (window as unknown as { tab: Tab }).tab.messages(id), chatId)
const connectionOf = (page: Page) => page.evaluate(() => (window as unknown as { tab: Tab }).tab.connection())

/** The server has the inbox of one tab, on one connection. The other tabs are live all the same. */
async function expectOneInbox(tabs: readonly Page[]): Promise<void> {
  for (const page of tabs) await expect.poll(() => connectionOf(page), SETTLE).toBe('live')
  await expect.poll(async () => [server.inboxes(), await server.sockets()], SETTLE).toEqual([1, 1])
}

async function bodiesOf(person: Person, chatId: string): Promise<(string | null)[]> {
  return (await person.fetchChat(chatId)).messages.edges.map(({ node }) => node.body)
}

test(`sends each message once and in order while tabs are killed ${KILLS} times, and one tab holds the inbox`, async () => {
  const { bob, address, chatId, context } = await twoPeople('kills')
  const tabs: Page[] = []
  for (let n = 0; n < TABS; n++) tabs.push(await openTab(context, address, chatId))
  await expectOneInbox(tabs)
  const expected: string[] = []
  for (let kill = 0; kill < KILLS; kill++) {
    for (let n = 0; n < 3; n++) {
      const body = `${kill}.${n}`
      const page = tabs[(kill + n) % TABS] as Page
      await page.evaluate(([id, text]) => (window as unknown as { tab: Tab }).tab.send(id, text), [
        chatId,
        body,
      ] as const)
      expected.push(body)
    }
    // The tab that sent last is killed with its messages in flight. It is the leader in a third of the cases.
    const victim = (kill + 2) % TABS
    await tabs[victim]?.close({ runBeforeUnload: false })
    tabs[victim] = await openTab(context, address, chatId)
  }
  await expectOneInbox(tabs)
  for (const page of tabs) {
    await expect
      .poll(async () => (await messagesIn(page, chatId)).filter(([, status]) => status === 'pending'), SETTLE)
      .toEqual([])
  }
  const stored = await bodiesOf(bob, chatId)
  expect(stored).toEqual(expected.slice(-stored.length))
  expect((await bob.fetchChat(chatId)).headSeq).toBe(expected.length)
  for (const page of tabs) {
    const shown = (await messagesIn(page, chatId)).map(([body]) => body)
    expect(shown.slice(-20)).toEqual(expected.slice(-20))
  }
  await context.close()
  await expect.poll(async () => [server.inboxes(), await server.sockets()], SETTLE).toEqual([0, 0])
}, 1_800_000)

test('opens a connection in a following tab while the app has subscriptions there', async () => {
  const { alice, address, chatId, context } = await twoPeople('subscriptions')
  const leader = await openTab(context, address, chatId)
  await expectOneInbox([leader])
  const follower = await openTab(context, address, chatId)
  await expectOneInbox([leader, follower])
  const document = `subscription ($id: ID!) {
    chatEvents(chatId: $id) { __typename ... on CaughtUp { at } ... on MessageSent { message { body } } } }`
  const received = (page: Page) =>
    page.evaluate(() => JSON.stringify((window as unknown as { tab: Tab }).tab.received()))
  const starts = async (page: Page) => (await received(page)).match(/CaughtUp/g)?.length ?? 0
  const subscribe = (page: Page) =>
    page.evaluate(([text, id]) => (window as unknown as { tab: Tab }).tab.subscribe(text, id), [
      document,
      chatId,
    ] as const)

  await subscribe(leader)
  await expect.poll(() => starts(leader)).toBe(1)
  expect([server.inboxes(), await server.sockets()]).toEqual([1, 1])
  await subscribe(follower)
  await expect.poll(() => starts(follower)).toBe(1)
  expect([server.inboxes(), await server.sockets()]).toEqual([1, 2])
  await alice.send(chatId, 'one')
  for (const page of [leader, follower]) await expect.poll(() => received(page)).toContain('one')

  // The follower takes over: its subscription moves to the connection of the inbox.
  await leader.close({ runBeforeUnload: false })
  await expect.poll(() => starts(follower), SETTLE).toBe(2)
  await expectOneInbox([follower])
  await alice.send(chatId, 'two')
  await expect.poll(() => received(follower)).toContain('two')

  const third = await openTab(context, address, chatId)
  await expectOneInbox([follower, third])
  await subscribe(third)
  await expect.poll(() => starts(third)).toBe(1)
  expect(await server.sockets()).toBe(2)
  await third.evaluate(() => (window as unknown as { tab: Tab }).tab.unsubscribe())
  await expectOneInbox([follower, third])
  await context.close()
})

test('a tab that reads in a group goes on while the leading tab is killed, and misses nothing', async () => {
  const { alice, bob, address, context } = await twoPeople('reading')
  const chatId = await alice.createGroup([bob])
  const expected: string[] = []
  const write = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) {
      const body = `message ${expected.length}`
      await alice.send(chatId, body)
      expected.push(body)
    }
  }
  const read = (page: Page) => page.evaluate((id) => (window as unknown as { tab: Tab }).tab.read(id), chatId)
  await write(100)
  let leader = await openTab(context, address, chatId)
  await expectOneInbox([leader])
  for (let kill = 0; kill < 5; kill++) {
    const reader = await openTab(context, address, chatId)
    await expectOneInbox([leader, reader])
    await Promise.all([write(6), read(reader), leader.close({ runBeforeUnload: false })])
    leader = reader
  }
  await expectOneInbox([leader])
  await expect.poll(() => connectionOf(leader), SETTLE).toBe('live')
  while (await read(leader)) expect(await connectionOf(leader)).toBe('live')
  await expect
    .poll(async () => (await messagesIn(leader, chatId)).map(([body]) => body), SETTLE)
    .toEqual(expected)
  await read(leader)
  const own = async () => {
    const { headSeq, members } = await alice.fetchChat(chatId)
    const node = members.edges.find((edge) => edge.node.user.id === bob.id)?.node
    return [node?.readSeq === headSeq, node?.deliveredSeq === headSeq]
  }
  await expect.poll(own, SETTLE).toEqual([true, true])
  await context.close()
})

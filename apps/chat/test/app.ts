import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { BrowserContext, BrowserContextOptions, Frame, Page } from 'playwright-core'
import { startBrowser } from '../../../test/harness/people/browser.ts'
import type { Person } from '../../../test/harness/people/person.ts'
import { SERVER_API, startParley, type TestParley, UNLIMITED } from '../../../test/harness/servers/parley.ts'

/** `script` runs in the page before everything else. */
export type PageOptions = BrowserContextOptions &
  Readonly<{ script?: string; prepare?(context: BrowserContext): Promise<unknown> }>

/** The web app of a running gateway, in real browsers. */
export type TestApp = AsyncDisposable &
  Readonly<{
    parley: TestParley
    origin: string
    /** Opens the app as this person, in a browser of their own. */
    open(person: Person, options?: PageOptions): Promise<Page>
    /** Opens the start page, without a token. */
    openStart(options?: BrowserContextOptions): Promise<Page>
    /** Opens a page of another site. */
    openAt(address: string): Promise<Page>
    /** Errors of all pages: exceptions, and messages in the console. */
    errors: readonly string[]
  }>

export async function startApp({
  allowedOrigins = [],
  media,
  vapidKey,
}: Readonly<{
  allowedOrigins?: readonly string[]
  media?: 'folder'
  /** The private key of VAPID. Default: push is off. */
  vapidKey?: string
}> = {}): Promise<TestApp> {
  const resources = new AsyncDisposableStack()
  const http = { host: '127.0.0.1', port: 0, allowedOrigins, allowedHeaders: [], trustedProxies: [] }
  const web = { subject: 'mailto:ops@chat.example', allowsPrivate: true }
  const push =
    vapidKey === undefined ? undefined : { web, apns: undefined, fcm: undefined, hasContent: false }
  const config = { ...UNLIMITED, ...SERVER_API, webApp: true, http, push }
  const options = { config, ...(media && { media }), ...(vapidKey !== undefined && { vapidKey }) }
  const parley = resources.use(await startParley(options))
  const browser = await startBrowser()
  resources.defer(() => browser.close())
  const { origin } = new URL(parley.url)
  const errors: string[] = []

  async function openPage(
    address: string,
    { script = '', prepare, ...options }: PageOptions = {},
  ): Promise<Page> {
    const context: BrowserContext = await browser.newContext({
      viewport: { width: 1100, height: 760 },
      locale: 'en-GB',
      ...options,
    })
    context.on('weberror', (error) => errors.push(error.error().message))
    context.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text())
    })
    await context.addInitScript(script)
    await prepare?.(context)
    const page = await context.newPage()
    await page.goto(address)
    return page
  }

  return {
    parley,
    origin,
    errors,
    open: (person, options) => openPage(`${origin}/#token=${person.token}`, options),
    openStart: (options) => openPage(origin, options),
    openAt: (address) => openPage(address),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

/** A page, or the frame of one of the two people on the start page. */
export type Screen = Page | Frame

/** Opens a chat of the list. */
export async function openChat(screen: Screen, title: string): Promise<void> {
  await screen.getByRole('navigation').getByRole('button', { name: title }).click()
  await screen.getByRole('textbox', { name: 'Message' }).waitFor()
}

/** Writes a message and presses Enter. */
export async function send(screen: Screen, text: string): Promise<void> {
  const field = screen.getByRole('textbox', { name: 'Message' })
  await field.fill(text)
  await field.press('Enter')
}

/** The texts of the bubbles, in order. */
export function texts(screen: Screen): Promise<string[]> {
  return screen.locator('.bubble-text').allInnerTexts()
}

/** The status of the newest message of this person, as a screen reader says it. */
export function newestTick(screen: Screen): Promise<string | null> {
  return screen.locator('.message .ticks').last().getAttribute('aria-label')
}

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

type Violation = Readonly<{
  id: string
  nodes: readonly Readonly<{ html: string; failureSummary: string }>[]
}>

/** Returns the accessibility problems that axe finds on the page, as readable lines. */
export async function problemsIn(screen: Screen): Promise<readonly string[]> {
  // Colours are judged once transitions are over. A light that pulses never is.
  await screen.evaluate(() => {
    const ending = document
      .getAnimations()
      .filter(({ effect }) => effect?.getComputedTiming().endTime !== Infinity)
    // One whose element is gone is over too.
    return Promise.allSettled(ending.map(({ finished }) => finished))
  })
  await screen.evaluate(await readFile(AXE, 'utf8'))
  const violations = await screen.evaluate(
    async () =>
      (
        await (
          window as unknown as { axe: { run(): Promise<{ violations: readonly Violation[] }> } }
        ).axe.run()
      ).violations,
  )
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary}`),
  )
}

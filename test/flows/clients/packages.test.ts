import { execFile } from 'node:child_process'
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { startTcpProxy } from '../../harness/network/tcp-proxy.ts'
import { BROWSER_TIMEOUT_MS, startBrowser } from '../../harness/people/browser.ts'
import { startParley } from '../../harness/servers/parley.ts'
import { runScript } from '../../harness/servers/script-process.ts'
import { serveWebPage } from '../../harness/servers/web-page.ts'

test('examples/terminal-chat.ts shows messages and sends lines', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  await alice.send(chat, 'Hello Bob')
  using atAlice = alice.inbox('phone')
  await atAlice.caughtUp()
  const env = { URL: parley.url, TOKEN: bob.token }
  await using program = runScript('examples/terminal-chat.ts', env, alice.id)
  await program.lines.until((lines) => lines.includes('Alice: Hello Bob'))
  program.enter('Hello Alice')
  await atAlice.reaches(chat, 2)
  await program.lines.until((lines) => lines.includes('Bob: Hello Alice'))
  await alice.send(chat, 'Bye')
  await program.lines.until((lines) => lines.includes('Alice: Bye'))
  expect(program.lines.all.slice(1)).toEqual(['Alice: Hello Bob', 'Bob: Hello Alice', 'Alice: Bye'])
  expect(program.errorLines.all).toEqual([])
})

const PAGES = ['react-chat', 'apollo-chat', 'urql-chat']

test.for(PAGES)(
  'examples/%s shows chats, older messages and ticks, sends, and misses nothing after a network cut',
  { timeout: BROWSER_TIMEOUT_MS },
  async (name) => {
    await using site = await serveWebPage(`examples/${name}/chat.tsx`)
    await using parley = await startParley({
      config: {
        http: {
          host: '127.0.0.1',
          port: 0,
          allowedOrigins: [site.origin],
          allowedHeaders: [],
          trustedProxies: [],
        },
      },
    })
    await using proxy = await startTcpProxy(parley.url)
    const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
    const chat = await alice.startChat(bob)
    for (let count = 1; count <= 40; count++) await alice.send(chat, `message ${count}.`)
    using atAlice = alice.inbox('phone')
    await atAlice.caughtUp()
    await using browser = await startBrowser()
    const page = await browser.newPage()
    await page.goto(`${site.origin}/#${String(new URLSearchParams({ url: proxy.url, token: bob.token }))}`)
    await page.getByRole('button', { name: 'Alice (40)' }).click()
    await page.getByText('Alice: message 40.').waitFor()
    expect(await page.getByText('Alice: message 1.').count()).toBe(0)
    await page.getByRole('button', { name: 'Older messages' }).click()
    await page.getByText('Alice: message 1.').waitFor()
    await page.getByLabel('Message').fill('Hello Alice')
    await page.getByLabel('Message').press('Enter')
    await atAlice.reaches(chat, 41)
    await alice.markRead(chat, 41)
    await page.getByText('Bob: Hello Alice read').waitFor()
    await page.getByRole('button', { name: 'Alice', exact: true }).waitFor()

    proxy.cut()
    await alice.send(chat, 'During the cut')
    proxy.restore()
    await page.getByText('Alice: During the cut').waitFor()
    const shown = await page.getByText(/^(Alice|Bob): /).allInnerTexts()
    const expected = Array.from({ length: 40 }, (_, index) => `Alice: message ${index + 1}.`)
    expect(shown.map((text) => text.replace(/ \w+$/, ''))).toEqual([
      ...expected,
      'Bob: Hello Alice',
      'Alice: During the cut',
    ])
  },
)

const WITHOUT_PACKAGES = [
  'connection',
  'pause',
  'socket-api',
  'result',
  'inbox',
  'positions',
  'documents',
  'screen',
]
const EXAMPLES = new Map([
  ['terminal-chat.ts', ['terminal-chat.ts']],
  ['react-chat', ['react-chat/chat.tsx']],
  ['apollo-chat', ['apollo-chat/chat.tsx']],
  ['urql-chat', ['urql-chat/chat.tsx']],
  ['hand-written', [...WITHOUT_PACKAGES, 'session', 'graphql-ws'].map((name) => `hand-written/${name}.ts`)],
])

/** Counts lines that are neither empty nor only a comment. */
async function linesOfCode(files: readonly string[]): Promise<number> {
  const texts = await Promise.all(files.map((file) => readFile(`examples/${file}`, 'utf8')))
  const lines = texts.flatMap((text) => text.split('\n').map((line) => line.trim()))
  return lines.filter((line) => line !== '' && !/^(?:\/\/|\/\*\*|\*)/.test(line)).length
}

test('docs/clients/README.md names the lines of code of the examples', async () => {
  const text = await readFile('docs/clients/README.md', 'utf8')
  for (const [name, files] of EXAMPLES)
    expect(text).toMatch(
      new RegExp(`\\(\\.\\./\\.\\./examples/${name}\\)[^|]*\\| +${await linesOfCode(files)} +\\|`),
    )
})

test('README.md names the same number for the chat in React', async () => {
  const text = (await readFile('README.md', 'utf8')).replaceAll(/\s+/g, ' ')
  expect(text).toContain(`one file with ${await linesOfCode(['react-chat/chat.tsx'])} lines of code (`)
})

test('a chat in React needs at most 60 lines before styling', async () => {
  const text = await readFile('examples/react-chat/chat.tsx', 'utf8')
  expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(60)
})

const COMPILER_OPTIONS = { lib: ['esnext', 'dom', 'dom.iterable'], types: [], jsx: 'react-jsx' }

test('the examples in the READMEs of the packages compile', async () => {
  // A dot keeps other programs from reading the folder.
  await using folder = await mkdtempDisposable('test/flows/clients/.readme-')
  const config = {
    extends: '../../../../tsconfig.json',
    compilerOptions: COMPILER_OPTIONS,
    include: ['*'],
    exclude: [],
  }
  await writeFile(`${folder.path}/tsconfig.json`, JSON.stringify(config))
  for (const name of ['client', 'react']) {
    const readme = await readFile(`packages/${name}/README.md`, 'utf8')
    const blocks = [...readme.matchAll(/^```(tsx?)\n(.*?)^```$/gms)]
    expect(blocks.length).toBeGreaterThan(0)
    for (const [at, [, extension, code = '']] of blocks.entries())
      await writeFile(`${folder.path}/${name}-${at}.${extension}`, code)
  }
  await promisify(execFile)('node_modules/.bin/tsc', ['-p', folder.path]).catch((error: unknown) => {
    // The compiler prints what is wrong to stdout, which the message of the error lacks.
    throw new Error((error as { stdout?: string }).stdout, { cause: error })
  })
})

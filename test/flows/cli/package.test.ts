import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EventQueue } from '../../harness/fixtures/event-queue.ts'
import { inPackTurn } from '../../harness/fixtures/pack-turn.ts'
import { newestTick, send, texts } from '../../../apps/chat/test/app.ts'
import { BROWSER_TIMEOUT_MS, startBrowser } from '../../harness/people/browser.ts'
import { createTestDatabase } from '../../harness/servers/database.ts'
import { run, SECRET, serveProduction, temporaryFolder } from './program.ts'

const ROOT = path.resolve(import.meta.dirname, '../../..')
/** Compiling, and installing some hundred megabytes. */
const INSTALL_TIMEOUT_MS = 300_000
const MAX_PACKED_BYTES = 5_000_000

type Packed = Readonly<{ filename: string; size: number; files: readonly Readonly<{ path: string }>[] }>

const execute = promisify(execFile)
/** The environment of an operator's shell: not that of the test runner, whose PATH has the packages of the project. */
const shellPath = (process.env['PATH'] ?? '')
  .split(path.delimiter)
  .filter((folder) => !folder.includes('node_modules'))
  .join(path.delimiter)
const shell = { PATH: shellPath, HOME: process.env['HOME'] }

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let packed: Packed

async function npm(cwd: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await execute('npm', [...args, '--silent'], { cwd, env: shell, maxBuffer: 10_000_000 })
  return stdout
}

beforeAll(async () => {
  folder = await temporaryFolder()
  const [result] = JSON.parse(
    await inPackTurn(() => npm(ROOT, 'pack', '--json', '--pack-destination', folder.path)),
  ) as Packed[]
  if (result === undefined) throw new Error('npm pack made no package')
  packed = result
  await writeFile(path.join(folder.path, 'package.json'), '{ "private": true }')
  await npm(folder.path, 'install', '--prefer-offline', path.join(folder.path, packed.filename))
}, INSTALL_TIMEOUT_MS)

afterAll(() => folder[Symbol.asyncDispose]())

test('the package is small, and contains what a gateway needs and no tests or sources', () => {
  expect(packed.size).toBeLessThan(MAX_PACKED_BYTES)
  const files = packed.files.map((file) => file.path)
  for (const needed of [
    'LICENSE',
    'README.md',
    'schema.graphql',
    'server.graphql',
    'bin/parley.js',
    'dist/parley.js',
    'dist/parley.d.ts',
    'dist/store/generated/client.js',
    'apps/chat/dist/index.html',
  ]) {
    expect(files).toContain(needed)
  }
  expect(files.some((file) => /^prisma\/migrations\/\d+_\w+\/migration\.sql$/.test(file))).toBe(true)
  expect(files.filter((file) => /^(src|test|scripts|bench)\/|\.test\.|(?<!\.d)\.ts$/.test(file))).toEqual([])
})

test('an installed package serves the API on the embedded database', async () => {
  const child = spawn('npx', ['parley', 'serve'], {
    cwd: folder.path,
    env: { ...shell, PORT: '0', ADMIN_PORT: 'off' },
    stdio: ['ignore', 'pipe', 'inherit'],
    // A group of its own: npx does not forward signals on every system.
    detached: true,
  })
  // Not 'exit': npx ends before the gateway, which still writes into the folder. Its output closes when both are gone.
  const closed = once(child, 'close')
  const { pid } = child
  if (pid === undefined) throw new Error('npx did not start')
  const lines = new EventQueue<string>()
  createInterface(child.stdout).on('line', (line) => lines.push(line))
  try {
    const ready = await lines.match((line) => line.includes('"ready"'), 60_000)
    const { url } = JSON.parse(ready) as { url: string }
    const [, token = ''] =
      /user_alice +(\S+)/.exec(await lines.match((line) => line.includes('user_alice'))) ?? []
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: '{ viewer { id name } }' }),
    })
    expect(await response.json()).toEqual({ data: { viewer: { id: 'user_alice', name: 'Alice' } } })
  } finally {
    process.kill(-pid, 'SIGTERM')
    await closed
  }
  await lines.match((line) => line.includes('"stopped"'))
}, 120_000)

test('an installed package runs with the Node.js of the machine, also if that is too old', async () => {
  // The shell has the machine's own Node.js, which starts the one that npm installed with Parley if it is too old.
  const program = path.join(folder.path, 'node_modules', 'parley', 'bin', 'parley.js')
  const { stdout } = await execute('node', [program, 'token', 'alice'], { cwd: folder.path, env: shell })
  expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)
})

test(
  'an installed package serves the chat app in production to people with a token',
  async () => {
    const installed = path.join(folder.path, 'node_modules', 'parley')
    const program = path.join(installed, 'bin', 'parley.js')
    const tokenOf = async (name: string): Promise<string> => {
      const args = ['token', name.toLowerCase(), '--name', name]
      return (await run(args, { cwd: folder.path, program, env: { AUTH_SECRET: SECRET } })).stdout.trim()
    }
    await using database = await createTestDatabase()
    await using gateway = serveProduction(installed, { DATABASE_URL: database.url, WEB_APP: 'on' })
    const url = await gateway.url
    const [alice, bob] = await Promise.all([tokenOf('Alice'), tokenOf('Bob')])
    await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${bob}` },
      body: JSON.stringify({ query: '{ viewer { id } }' }),
    })

    await using browser = await startBrowser()
    const page = await browser.newPage()
    const problems: string[] = []
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
    const response = await page.goto(url)
    const policy = response?.headers()['content-security-policy'] ?? ''
    expect(policy.split('; ')).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "script-src 'self'",
        "img-src 'self' blob: https:",
        "media-src 'self' blob: https:",
        "connect-src 'self'",
        "frame-ancestors 'self'",
      ]),
    )
    await page.getByLabel('Token').fill(alice)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('button', { name: 'New chat' }).click()
    await page.getByLabel('Someone else, by their user name').fill('bob')
    await page.getByRole('button', { name: 'Add' }).click()
    await page.getByRole('button', { name: 'Start chat' }).click()
    await send(page, 'Hello from a package')
    await expect.poll(() => newestTick(page)).toBe('Sent')

    await page.reload()
    await expect.poll(() => texts(page)).toEqual(['Hello from a package'])
    await page.getByRole('button', { name: 'Settings' }).click()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('Token').waitFor()
    await page.reload()
    await page.getByLabel('Token').waitFor()
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0)
    expect(problems).toEqual([])
  },
  BROWSER_TIMEOUT_MS,
)

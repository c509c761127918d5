import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { buildWebApp } from '../../../src/cli/build-web-app.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const logger = createLogger({ level: 'silent', pretty: false })
const NEVER = new AbortController().signal

/** A repository with the smallest app. */
async function startRepository(
  viteConfig = 'export default {}',
): Promise<AsyncDisposable & Readonly<{ root: string; app: string; built(): Promise<readonly string[]> }>> {
  const root = await mkdtemp(join(tmpdir(), 'parley-build-app-'))
  const app = join(root, 'apps', 'chat')
  for (const folder of ['apps/chat', 'packages/client/src', 'packages/react/src'])
    await mkdir(join(root, folder), { recursive: true })
  await symlink(join(ROOT, 'node_modules'), join(root, 'node_modules'))
  await writeFile(join(app, 'package.json'), '{ "type": "module" }')
  await writeFile(join(app, 'index.html'), '<title>An app</title>')
  await writeFile(join(app, 'vite.config.js'), viteConfig)
  return {
    root,
    app,
    built: async () => (await readdir(app)).filter((name) => name.startsWith('dist')),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  }
}

test('builds the app if it is missing or older than its sources, and only then', async () => {
  await using repository = await startRepository()
  const { root, app } = repository
  const page = join(app, 'dist', 'index.html')
  await buildWebApp({ logger, root, signal: NEVER })
  expect(await repository.built()).toEqual(['dist'])

  await writeFile(page, 'a mark')
  await buildWebApp({ logger, root, signal: NEVER })
  expect(await readFile(page, 'utf8')).toBe('a mark')

  const later = new Date(Date.now() + 60_000)
  await utimes(join(app, 'index.html'), later, later)
  await buildWebApp({ logger, root, signal: NEVER })
  expect(await readFile(page, 'utf8')).toContain('An app')
})

test('leaves nothing behind when the gateway stops while it builds', async () => {
  // Everything is written, and the build hangs before its end.
  await using repository = await startRepository(`
    export default {
      plugins: [{ name: 'hang', closeBundle: () => new Promise(() => setInterval(() => {}, 1_000)) }],
    }`)
  const { root, app } = repository
  const stop = new AbortController()
  const building = buildWebApp({ logger, root, signal: stop.signal })
  await expect.poll(() => existsSync(join(app, `dist-${process.pid}`, 'index.html'))).toBe(true)
  stop.abort()
  await building
  expect(await repository.built()).toEqual([])
})

test('removes what a gateway left behind that was killed while it built', async () => {
  await using repository = await startRepository()
  const { root, app } = repository
  // No process has so high an id.
  await mkdir(join(app, 'dist-99999999'))
  await buildWebApp({ logger, root, signal: NEVER })
  expect(await repository.built()).toEqual(['dist'])
})

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createTestDatabase } from '../../harness/servers/database.ts'
import { runDockerfile } from './dockerfile.ts'
import { serveProduction, temporaryFolder } from './program.ts'

test('the image has what a gateway needs, with the chat app, and neither tests nor scripts', async () => {
  await using folder = await temporaryFolder()
  const image = await runDockerfile(folder.path)
  for (const left of ['test', 'scripts', 'packages', 'apps/chat/src'])
    expect(existsSync(join(image, left))).toBe(false)

  await using database = await createTestDatabase()
  await using gateway = serveProduction(image, { DATABASE_URL: database.url, WEB_APP: 'on' })
  const url = await gateway.url
  const page = await (await fetch(url)).text()
  const [script = ''] = /assets\/[^"]+\.js/.exec(page) ?? []
  const response = await fetch(new URL(script, url))
  expect([response.status, response.headers.get('content-type')]).toEqual([
    200,
    'text/javascript; charset=utf-8',
  ])
  const api = await fetch(new URL('/health/ready', url))
  expect(api.status).toBe(200)
}, 120_000)

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { run, temporaryFolder } from './program.ts'

test('in a folder where nothing was set up, a token is printed that the key in the data folder has signed', async () => {
  await using folder = await temporaryFolder()
  const { code, stdout, stderr } = await run(['token', 'alice', '--name', 'Alice'], { cwd: folder.path })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)
  const key = (await readFile(join(folder.path, '.parley', 'auth-secret'), 'utf8')).trim()
  const { payload } = await jwtVerify(stdout.trim(), new TextEncoder().encode(key))
  expect(payload).toMatchObject({ sub: 'alice', name: 'Alice' })
})

test('help and configuration go to standard output, and complaints to standard error', async () => {
  await using folder = await temporaryFolder()
  const help = await run(['--help'], { cwd: folder.path })
  expect(help).toMatchObject({ code: 0, stderr: '' })
  expect(help.stdout).toContain('DATABASE_URL')
  const config = await run(['check-config'], { cwd: folder.path, env: { PORT: '5000' } })
  expect(config).toMatchObject({ code: 0, stderr: '' })
  expect(config.stdout).toContain('127.0.0.1:5000')
  const unknown = await run(['srve'], { cwd: folder.path })
  expect(unknown).toMatchObject({ code: 2, stdout: '' })
  expect(unknown.stderr).toContain('Unknown verb "srve": did you mean "serve"?')
})

test('what one start has compiled, the next one does not compile again', async () => {
  await using folder = await temporaryFolder()
  // Node.js tells what it keeps, and what it takes from there.
  const env = { NODE_DEBUG_NATIVE: 'COMPILE_CACHE' }
  await run(['--version'], { cwd: folder.path })
  const { stdout, stderr } = await run(['--version'], { cwd: folder.path, env })
  expect(stdout + stderr).toMatch(/V8 code cache for ESM \S*src\/cli\.ts was accepted/)
})

test('an instance does not start on a mistaken environment, and tells every mistake', async () => {
  await using folder = await temporaryFolder()
  const env = { NODE_ENV: 'production', AUTH_SECRET: 'hush' }
  const { code, stdout, stderr } = await run(['serve'], { cwd: folder.path, env })
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toContain('DATABASE_URL is not set')
  expect(stderr).toContain('AUTH_SECRET must be 32 bytes or more')
  expect(stderr).not.toContain('hush')
})

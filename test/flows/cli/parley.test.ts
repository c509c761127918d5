import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { run, temporaryFolder } from './program.ts'

test('prints a token signed with the generated key in an empty folder', async () => {
  await using folder = await temporaryFolder()
  const { code, stdout, stderr } = await run(['token', 'alice', '--name', 'Alice'], { cwd: folder.path })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)
  const key = (await readFile(join(folder.path, '.parley', 'auth-secret'), 'utf8')).trim()
  const { payload } = await jwtVerify(stdout.trim(), new TextEncoder().encode(key))
  expect(payload).toMatchObject({ sub: 'alice', name: 'Alice' })
})

test('writes results to standard output, and errors to standard error', async () => {
  await using folder = await temporaryFolder()
  const help = await run(['--help'], { cwd: folder.path })
  expect(help).toMatchObject({ code: 0, stderr: '' })
  expect(help.stdout).toContain('DATABASE_URL')
  const config = await run(['check-config'], { cwd: folder.path, env: { PORT: '5000' } })
  expect(config).toMatchObject({ code: 0, stderr: '' })
  expect(config.stdout).toContain('127.0.0.1:5000')
  const unknown = await run(['srve'], { cwd: folder.path })
  expect(unknown).toMatchObject({ code: 2, stdout: '' })
  expect(unknown.stderr).toContain("unknown command 'srve'\n(Did you mean serve?)")
})

test('reuses the compiled code of an earlier start', async () => {
  await using folder = await temporaryFolder()
  // Node.js logs what it stores in the cache and what it takes from it.
  const env = { NODE_DEBUG_NATIVE: 'COMPILE_CACHE' }
  await run(['--version'], { cwd: folder.path })
  const { stdout, stderr } = await run(['--version'], { cwd: folder.path, env })
  expect(stdout + stderr).toMatch(/V8 code cache for ESM \S*src\/cli\/cli\.ts was accepted/)
})

test('refuses to start with mistakes in the environment, and lists them all', async () => {
  await using folder = await temporaryFolder()
  const env = { NODE_ENV: 'production', AUTH_SECRET: 'hush' }
  const { code, stdout, stderr } = await run(['serve'], { cwd: folder.path, env })
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toContain('DATABASE_URL is not set')
  expect(stderr).toContain('AUTH_SECRET must be 32 bytes or more')
  expect(stderr).not.toContain('hush')
})

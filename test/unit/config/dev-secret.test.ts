import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readDevSecret, withDevSecret } from '../../../src/config/dev-secret.ts'
import { loadConfig } from '../../../src/config/load-config.ts'
import { PRODUCTION } from './problems.ts'

async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'parley-secret-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

test('the key is generated once, and only its owner may read the file', async () => {
  await using folder = await temporaryFolder()
  const dataDir = join(folder.path, 'deep', 'data')
  const first = await readDevSecret(dataDir)
  expect(Buffer.byteLength(first)).toBeGreaterThanOrEqual(32)
  expect(await readDevSecret(dataDir)).toBe(first)
  const { mode } = await stat(join(dataDir, 'auth-secret'))
  expect(mode & 0o777).toBe(0o600)
})

test('concurrent processes end up with the same key and leave no other file', async () => {
  await using folder = await temporaryFolder()
  const keys = await Promise.all(
    Array.from({ length: 40 }, async (_, turns) => {
      for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
      return readDevSecret(folder.path)
    }),
  )
  expect(new Set(keys).size).toBe(1)
  expect(await readdir(folder.path)).toEqual(['auth-secret'])
})

test('two data folders have different keys', async () => {
  await using alices = await temporaryFolder()
  await using bobs = await temporaryFolder()
  expect(await readDevSecret(alices.path)).not.toBe(await readDevSecret(bobs.path))
})

test('a file without a key is an error and is not overwritten', async () => {
  await using folder = await temporaryFolder()
  const file = join(folder.path, 'auth-secret')
  await writeFile(file, 'hush\n')
  await expect(readDevSecret(folder.path)).rejects.toThrow(`${file} holds no key: delete it`)
  expect(await readFile(file, 'utf8')).toBe('hush\n')
})

test('a key is generated only in development, and only if none is configured', async () => {
  await using folder = await temporaryFolder()
  const keyFor = async (env: Record<string, string | undefined>): Promise<string | undefined> => {
    const { config, secrets } = loadConfig({ DATA_DIR: folder.path, ...env })
    return (await withDevSecret(config, secrets)).authSecret
  }
  const own = 'x'.repeat(32)
  const provider = { AUTH_JWKS_URL: 'https://login.example/jwks', AUTH_ISSUER: 'x', AUTH_AUDIENCE: 'y' }
  expect(await keyFor({ AUTH_SECRET: own })).toBe(own)
  expect(await keyFor(PRODUCTION)).toBe(PRODUCTION['AUTH_SECRET'])
  expect(await keyFor(provider)).toBeUndefined()
  const production = loadConfig({ ...PRODUCTION, DATA_DIR: folder.path })
  const keyless = { ...production.secrets, authSecret: undefined }
  expect(await withDevSecret(production.config, keyless)).toBe(keyless)
  expect(await readdir(folder.path)).toEqual([])
  expect(await keyFor({})).toBe(await readDevSecret(folder.path))
})

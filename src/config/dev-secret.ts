import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from './config.ts'
import { ConfigError } from './config-error.ts'
import { MIN_SECRET_BYTES, type Secrets } from './secrets.ts'

/**
 * In development without a key of the operator's: the one kept in the data folder, made up at first need, so that
 * `parley token` and a running instance agree. Everywhere else, the secrets as they are.
 */
export async function withDevSecret(config: Config, secrets: Secrets): Promise<Secrets> {
  const isNeeded = config.mode === 'development' && config.auth.type === 'secret'
  if (!isNeeded || secrets.authSecret !== undefined) return secrets
  return { ...secrets, authSecret: await readDevSecret(config.dataDir) }
}

/** Throws ConfigError where the file is there but holds no key. */
export async function readDevSecret(dataDir: string): Promise<string> {
  const file = join(dataDir, 'auth-secret')
  const secret = (await readIfThere(file)) ?? (await create(dataDir, file))
  if (Buffer.byteLength(secret) >= MIN_SECRET_BYTES) return secret
  throw new ConfigError([`${file} holds no key: delete it, and the next start makes another one.`])
}

/**
 * Two processes may get here at once and must end up with one key. So the file is written in full under a name of
 * its own and then linked to its place, which succeeds for exactly one; the other takes what it finds there.
 */
async function create(dataDir: string, file: string): Promise<string> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  await writeDurably(draft, `${randomBytes(48).toString('base64url')}\n`)
  try {
    await link(draft, file)
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
  } finally {
    await unlink(draft)
  }
  return (await readFile(file, 'utf8')).trim()
}

async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

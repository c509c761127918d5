import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { hasCode } from '../lib/error-info.ts'
import type { Config } from './config.ts'
import { ConfigError } from './config-error.ts'
import { MIN_SECRET_BYTES } from './fields.ts'
import type { Secrets } from './secrets.ts'

/**
 * Adds the development key if development has no other. The key is generated once and kept in the data folder, so that
 * `parley token` and a running gateway use the same one. Otherwise returns the secrets unchanged.
 */
export async function withDevSecret(config: Config, secrets: Secrets): Promise<Secrets> {
  const isNeeded = config.mode === 'development' && config.auth.type === 'secret'
  if (!isNeeded || secrets.authSecret !== undefined) return secrets
  return { ...secrets, authSecret: await readDevSecret(config.dataDir) }
}

/** Throws ConfigError if the file exists but holds no key. */
export async function readDevSecret(dataDir: string): Promise<string> {
  const file = join(dataDir, 'auth-secret')
  const secret = (await readIfExists(file)) ?? (await create(dataDir, file))
  if (Buffer.byteLength(secret) >= MIN_SECRET_BYTES) return secret
  throw new ConfigError([`${file} holds no key: delete it, and the next start generates another one.`])
}

/**
 * Two processes may run this at once and must end up with the same key. Each writes a complete file under a temporary
 * name and links it to the final name. The link succeeds for one of them; the other reads that one's key.
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

async function readIfExists(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

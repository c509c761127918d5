import * as z from 'zod'
import type { Config } from '../config/config.ts'
import type { Secrets } from '../config/secrets.ts'
import { messageOf } from '../lib/error-info.ts'
import { bad, type Finding, good } from './finding.ts'

const TIMEOUT_MS = 5_000
const KEY_SET = z.object({ keys: z.array(z.object({ kty: z.string(), use: z.string().optional() })) })

/** Where the keys come from that tokens are checked with, and whether they come. */
export async function judgeKeys({ auth, mode, dataDir }: Config, secrets: Secrets): Promise<Finding> {
  if (auth.type === 'jwks') return judgeKeySet(auth.url)
  if (secrets.authSecret !== undefined) return good('tokens are signed with AUTH_SECRET')
  return good(`tokens are signed with a key made up for ${mode}, kept in ${dataDir}`)
}

async function judgeKeySet(url: string): Promise<Finding> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    if (!response.ok) return unusable(url, `it answers with status ${response.status}`)
    const { success, data } = KEY_SET.safeParse(await response.json())
    if (!success) return unusable(url, 'what it answers with is no key set')
    const usable = data.keys.filter(({ kty, use = 'sig' }) => kty !== 'oct' && use === 'sig')
    if (usable.length === 0) return unusable(url, 'it has no public key that signs')
    return good(`${usable.length === 1 ? 'a key' : `${usable.length} keys`} to check tokens with at ${url}`)
  } catch (error) {
    return unusable(url, error instanceof TypeError ? messageOf(error.cause ?? error) : messageOf(error))
  }
}

function unusable(url: string, why: string): Finding {
  return bad(
    `no keys from ${url}: ${why}`,
    'Set AUTH_JWKS_URL to the address that the identity provider names as "jwks_uri", and let this machine reach it.',
  )
}

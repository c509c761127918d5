import * as z from 'zod'
import type { Config } from '../../config/config.ts'
import type { Secrets } from '../../config/secrets.ts'
import { messageOf } from '../../lib/error-info.ts'
import { type Finding, ok, problem } from './finding.ts'

const TIMEOUT_MS = 5_000
const KEY_SET = z.object({ keys: z.array(z.object({ kty: z.string(), use: z.string().optional() })) })

/** Checks that there is a key to verify tokens with. Fetches the key set of an identity provider. */
export async function checkKeys({ auth, mode, dataDir }: Config, secrets: Secrets): Promise<Finding> {
  if (auth.type === 'jwks') return checkKeySet(auth.url)
  if (secrets.authSecret !== undefined) return ok('tokens are signed with AUTH_SECRET')
  return ok(`tokens are signed with a key generated for ${mode}, kept in ${dataDir}`)
}

async function checkKeySet(url: string): Promise<Finding> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    if (!response.ok) return unusable(url, `the response has status ${response.status}`)
    const { success, data } = KEY_SET.safeParse(await response.json())
    if (!success) return unusable(url, 'the response is not a key set')
    const usable = data.keys.filter(({ kty, use = 'sig' }) => kty !== 'oct' && use === 'sig')
    if (usable.length === 0) return unusable(url, 'it has no public key for signatures')
    return ok(`${usable.length === 1 ? 'a key' : `${usable.length} keys`} to verify tokens with at ${url}`)
  } catch (error) {
    return unusable(url, error instanceof TypeError ? messageOf(error.cause ?? error) : messageOf(error))
  }
}

function unusable(url: string, why: string): Finding {
  return problem(
    `no keys from ${url}: ${why}`,
    'Set AUTH_JWKS_URL to the "jwks_uri" of the identity provider, and let this machine reach it.',
  )
}

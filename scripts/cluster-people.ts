import { issueToken } from '../src/auth/issue-token.ts'
import { readDevSecret } from '../src/config/dev-secret.ts'

const LIFETIME_MS = 7 * 24 * 3600 * 1000

/** Returns tokens for alice, bob and carol, signed with the gateways' key in that folder. */
export async function demoTokens(
  folder: string,
): Promise<readonly (readonly [name: string, token: string])[]> {
  const secret = await readDevSecret(folder)
  const expiresAt = new Date(Date.now() + LIFETIME_MS)
  return Promise.all(
    ['Alice', 'Bob', 'Carol'].map(async (name) => {
      const subject = name.toLowerCase()
      return [subject, await issueToken(secret, { subject, name, expiresAt })] as const
    }),
  )
}

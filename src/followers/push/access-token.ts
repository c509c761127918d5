import { importPKCS8, SignJWT } from 'jose'
import type { Clock } from '../../lib/clock.ts'
import type { Post } from '../../lib/outgoing-post.ts'
import { PUSH_TIMEOUT_MS } from './push-provider.ts'

/** A service account of Google, as its file has it. */
export type ServiceAccount = Readonly<{
  projectId: string
  clientEmail: string
  privateKey: string
  tokenUri: string
}>

export type Access = Readonly<{ type: 'granted'; token: string } | { type: 'failed'; reason: string }>

/** A token of OAuth 2 for messages, which is kept until it expires. */
export type AccessToken = Readonly<{
  /** Never rejects. */
  get(): Promise<Access>
  /** The server has refused the token: the next call gets another one. */
  forget(): void
}>

const SCOPE = 'https://www.googleapis.com/auth/firebase.messaging'
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const RENEW_BEFORE_S = 300

type Options = Readonly<{ account: ServiceAccount; post: Post; clock: Clock }>

export function createAccessToken({ account, post, clock }: Options): AccessToken {
  let current: Readonly<{ access: Promise<Access>; until: number }> | undefined

  async function request(): Promise<Access> {
    const { clientEmail, privateKey, tokenUri } = account
    const assertion = await new SignJWT({ scope: SCOPE })
      .setProtectedHeader({ alg: 'RS256' })
      .setIssuer(clientEmail)
      .setAudience(tokenUri)
      .setIssuedAt(Math.floor(clock.now() / 1000))
      .setExpirationTime(Math.floor(clock.now() / 1000) + 3_600)
      .sign(await importPKCS8(privateKey, 'RS256'))
    const posted = await post({
      url: tokenUri,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ grant_type: GRANT, assertion }).toString(),
      allowsPrivate: true,
      timeoutMs: PUSH_TIMEOUT_MS / 2,
      maxBodyBytes: 16_384,
    })
    if (posted.type === 'failed') return failed(posted.reason)
    if (posted.status !== 200) return failed(`status ${posted.status} ${posted.body}`)
    const { access_token: token, expires_in: forS } = JSON.parse(posted.body) as Record<string, unknown>
    if (typeof token !== 'string') return failed('no access_token in the answer')
    const lifetimeMs = Math.max(0, Number(forS) - RENEW_BEFORE_S) * 1000
    if (current !== undefined) current = { ...current, until: clock.now() + lifetimeMs }
    return { type: 'granted', token }
  }

  function get(): Promise<Access> {
    if (current !== undefined && clock.now() < current.until) return current.access
    const access = request()
      .catch((error: unknown) => failed(error instanceof Error ? error.message : 'unknown error'))
      .then((got) => {
        if (got.type === 'failed') current = undefined
        return got
      })
    current = { access, until: Infinity }
    return access
  }

  return { get, forget: () => void (current = undefined) }
}

function failed(reason: string): Access {
  return { type: 'failed', reason: `the token endpoint of Google: ${reason}` }
}

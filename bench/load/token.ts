import { createHmac } from 'node:crypto'

const LIFETIME_S = 3_600
const HEAD = encoded({ alg: 'HS256', typ: 'JWT' })

/**
 * Returns a token for a user. Signs in this thread: the load generator makes thousands of tokens in a second, and jose
 * takes several turns of the event loop and a thread of the pool for each.
 */
export function tokenFor(secret: string, name: string): string {
  const issuedAt = Math.floor(Date.now() / 1_000)
  const signed = `${HEAD}.${encoded({ sub: name, name, iat: issuedAt, exp: issuedAt + LIFETIME_S })}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

import { randomUUID } from 'node:crypto'
import { createClient } from 'graphql-ws'
import { SignJWT } from 'jose'
import { WebSocket } from 'ws'
import { EventQueue } from '../fixtures/event-queue.ts'
import { TEST_SECRET, type TestParley } from '../servers/parley.ts'

/** A token, and its id. */
export type Issued = Readonly<{ token: string; jti: string }>

/** Signs a token that was issued an hour ago, unless `ageS` says otherwise. */
export async function issue(
  subject: string,
  { ageS = 3_600, name }: Readonly<{ ageS?: number; name?: string }> = {},
): Promise<Issued> {
  const jti = randomUUID()
  const token = await new SignJWT({ sub: subject, jti, ...(name === undefined ? {} : { name }) })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuedAt(Math.floor(Date.now() / 1_000) - ageS)
    .setExpirationTime('2h')
    .sign(new TextEncoder().encode(TEST_SECRET))
  return { token, jti }
}

/** Opens an inbox. `closed` has the code and reason once the gateway has closed its socket. */
export async function openInbox({ url }: Pick<TestParley, 'url'>, { token }: Issued) {
  const closed = new EventQueue<Readonly<{ code: number; reason: string }>>()
  const items = new EventQueue<unknown>()
  const client = createClient({
    url: url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: { authorization: token },
    retryAttempts: 0,
    on: { closed: (event) => closed.push(event as { code: number; reason: string }) },
  })
  client.subscribe(
    { query: 'subscription { inbox { __typename } }' },
    { next: (item) => items.push(item), error: () => undefined, complete: () => undefined },
  )
  await items.next()
  return { closed, [Symbol.asyncDispose]: async () => client.dispose() }
}

/** Sends a query with the token. Returns the code of its first error. */
export async function codeOver(url: string, { token }: Issued): Promise<string | undefined> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: '{ viewer { id } }' }),
  })
  const { errors } = (await response.json()) as { errors?: { extensions: { code: string } }[] }
  return errors?.[0]?.extensions.code
}

import { hash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { LRUCache } from 'lru-cache'
import type { Authenticator, Session } from '../../auth/session.ts'
import { bearer } from '../../auth/tokens.ts'
import { nameOf } from '../pipeline/payer.ts'
import { type ClientAddress, networkOf } from './client-address.ts'

/** The sender of a request, before its token is verified: an address, and the token as it was sent. */
export type Sender = Readonly<{
  address: string
  token: string
  /** Whether the token was valid in an earlier request. A client can invent any number of others. */
  isVerified: boolean
}>

/** A digest takes about a hundred bytes. A token that is forgotten counts to its address until it is verified again. */
const MAX_VERIFIED = 20_000

/**
 * Knows the senders of requests. Limits that apply before a token is verified have to tell users from clients that
 * invent a token for each request, so the tokens that were valid are remembered. A token that has expired since gives
 * its sender no rights.
 */
export class Senders {
  readonly #addressOf: ClientAddress
  readonly #authenticator: Pick<Authenticator, 'authenticate'>
  readonly #verified = new LRUCache<string, true>({ max: MAX_VERIFIED })

  constructor(addressOf: ClientAddress, authenticator: Pick<Authenticator, 'authenticate'>) {
    this.#addressOf = addressOf
    this.#authenticator = authenticator
  }

  of(request: IncomingMessage): Sender {
    const token = bearer(request.headers.authorization ?? null) ?? ''
    return { address: networkOf(this.#addressOf(request)), token, isVerified: this.isVerified(token) }
  }

  /** Whether the token was valid in a request. */
  isVerified(token: string): boolean {
    return token !== '' && this.#verified.get(digestOf(token)) === true
  }

  /** Remembers the token if it is valid. Rejects as `Authenticator.authenticate` does. */
  async authenticate(token: string): Promise<Session> {
    const session = await this.#authenticator.authenticate(token)
    this.#verified.set(digestOf(token), true)
    return session
  }

  /** As `authenticate`, with the token of the request. Resolves with undefined if it has no valid one. */
  async sessionOf({ headers }: IncomingMessage): Promise<Session | undefined> {
    const token = bearer(headers.authorization ?? null)
    return token === undefined ? undefined : this.authenticate(token).catch(() => undefined)
  }
}

/** The name of a sender in budgets. Without a verified token it is that of the address, for all such clients there. */
export function keyOf({ address, token, isVerified }: Sender): string {
  const name = nameOf({ userId: undefined, address })
  return isVerified ? `${name} ${token}` : name
}

function digestOf(token: string): string {
  return hash('sha256', token, 'base64')
}

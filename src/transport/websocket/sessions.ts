import { hash } from 'node:crypto'
import type { Authenticator, Session, SessionEnd } from '../../auth/session.ts'
import { endOf, renewable } from '../../auth/session.ts'
import type { UserId } from '../../ids.ts'
import type { Dispose } from '../../lib/dispose.ts'

/** The session that an operation runs with. */
export type SessionUse = Readonly<{
  /** Undefined without a token. */
  session: Session | undefined
  /** Call it when the operation is over. */
  dispose: Dispose
}>

export type SessionOwner = Readonly<{
  /** Called for each token that is valid. If it throws, the token is rejected with its error. */
  onAuthenticated(userId: UserId): void
}>

/** The session of the connection itself ends with it. */
function nothingToDispose(): void {}

/** One token in use: by the connection itself, by operations that brought it, or by both. */
type Entry = {
  /** The digest of its token, which takes a fraction of the memory. Undefined if another entry has the token. */
  digest: string | undefined
  /** A promise while the token is being checked. */
  session: Session | Promise<Session>
  uses: number
}

/**
 * The sessions of one connection: its own, and those of operations that bring their own token. A browser may share one
 * connection between tabs in which different users are signed in. Each operation runs with the session of its own
 * token, or else with that of the connection. It never runs with the session of another operation.
 */
export class SocketSessions {
  readonly #authenticate: Authenticator['authenticate']
  readonly #owner: SessionOwner
  /** The tokens in use. Nearly always there is one, so that a map would only cost memory. */
  #entries: Entry[] = []
  #own: Session | undefined

  constructor({ authenticate }: Pick<Authenticator, 'authenticate'>, owner: SessionOwner) {
    this.#authenticate = authenticate
    this.#owner = owner
  }

  /** Uses the token for the connection itself, until the connection ends. Rejects as `authenticate` does. */
  async open(token: string): Promise<void> {
    this.#own = (await this.#useToken(token)).session
  }

  /** Returns the session for an operation with this token, or without one. Rejects as `authenticate` does. */
  use(token: string | undefined): SessionUse | Promise<SessionUse> {
    if (token === undefined) return { session: this.#own, dispose: nothingToDispose }
    return this.#useToken(token)
  }

  /** Whether a token is being checked. */
  get isChecking(): boolean {
    return this.#entries.some(({ session }) => session instanceof Promise)
  }

  /** Returns why a token in use is no longer valid, if one is not. */
  endOfAny(nowMs: number): SessionEnd | undefined {
    for (const { session } of this.#entries) {
      const end = session instanceof Promise ? undefined : endOf(session, nowMs)
      if (end !== undefined) return end
    }
    return undefined
  }

  async #useToken(token: string): Promise<SessionUse> {
    const digest = digestOf(token)
    const entry = this.#entries.find((other) => other.digest === digest) ?? this.#add(token, digest)
    entry.uses += 1
    let isDisposed = false
    const dispose = (): void => {
      if (!isDisposed) this.#endUse(entry)
      isDisposed = true
    }
    try {
      return { session: await entry.session, dispose }
    } catch (error) {
      dispose()
      throw error
    }
  }

  #add(token: string, digest: string): Entry {
    const session = this.#authenticate(token).then((first) => {
      this.#owner.onAuthenticated(first.viewer.userId)
      entry.session = renewable(first, this.#authenticate, (next) => this.#replaceToken(entry, next))
      return entry.session
    })
    const entry: Entry = { digest, session, uses: 0 }
    this.#entries = this.#entries.concat(entry)
    return entry
  }

  #endUse(entry: Entry): void {
    entry.uses -= 1
    if (entry.uses === 0) this.#entries.splice(this.#entries.indexOf(entry), 1)
  }

  /** After a renewal the new token identifies the session. The old one, which may have expired, no longer does. */
  #replaceToken(entry: Entry, token: string): void {
    const digest = digestOf(token)
    const isTaken = this.#entries.some((other) => other !== entry && other.digest === digest)
    entry.digest = isTaken ? undefined : digest
  }
}

function digestOf(token: string): string {
  return hash('sha256', token, 'base64')
}

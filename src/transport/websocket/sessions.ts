import { hasExpired } from '../../auth/expiry.ts'
import type { Authenticator, Session } from '../../auth/session.ts'
import { renewable } from '../../auth/session.ts'

/** A session that an operation runs with, for as long as it runs. */
export type SessionUse = Readonly<{
  /** Undefined: nobody has signed in. */
  session: Session | undefined
  /** The operation is over. Calling it again does nothing. */
  release(): void
}>

/** One token in use: by the connection itself, by operations that brought it along, or both. */
type Entry = { readonly ready: Promise<Session>; session: Session | undefined; uses: number }

/**
 * The sessions of one connection: its own, and those of operations that bring their own token, because a browser may
 * share one connection between tabs in which different people are signed in. Each operation runs with its own token's
 * session or, without one, with the connection's; never with another operation's.
 */
export class SocketSessions {
  readonly #authenticate: Authenticator['authenticate']
  readonly #onAuthenticated: () => void
  /** By token. */
  readonly #entries = new Map<string, Entry>()
  readonly #live = new Set<Entry>()
  #own: Session | undefined

  /** `onAuthenticated` hears of every token that is found valid. */
  constructor({ authenticate }: Authenticator, onAuthenticated: () => void) {
    this.#authenticate = authenticate
    this.#onAuthenticated = onAuthenticated
  }

  /** Makes the token's session the connection's own, until the connection ends. Rejects as `authenticate` does. */
  async open(token: string): Promise<void> {
    this.#own = (await this.#use(token)).session
  }

  /** The session for an operation that brought this token, or none. Rejects as `authenticate` does. */
  async use(token: string | undefined): Promise<SessionUse> {
    return token === undefined ? { session: this.#own, release: () => undefined } : this.#use(token)
  }

  /** Whether a token in use has run out. */
  hasExpired(nowMs: number): boolean {
    for (const { session } of this.#live) if (hasExpired(session?.expiresAt, nowMs)) return true
    return false
  }

  async #use(token: string): Promise<SessionUse> {
    const entry = this.#entries.get(token) ?? this.#enter(token)
    entry.uses += 1
    let isReleased = false
    const release = (): void => {
      if (!isReleased) this.#leave(entry)
      isReleased = true
    }
    try {
      return { session: await entry.ready, release }
    } catch (error) {
      release()
      throw error
    }
  }

  #enter(token: string): Entry {
    const ready = this.#authenticate(token).then((session) => {
      this.#onAuthenticated()
      entry.session = renewable(session, this.#authenticate, (next) => this.#rename(entry, next))
      return entry.session
    })
    const entry: Entry = { ready, session: undefined, uses: 0 }
    this.#entries.set(token, entry)
    this.#live.add(entry)
    return entry
  }

  #leave(entry: Entry): void {
    entry.uses -= 1
    if (entry.uses > 0) return
    this.#live.delete(entry)
    this.#forgetTokensOf(entry)
  }

  /** From now on the new token stands for the session, and the old one, which may have run out, for nothing. */
  #rename(entry: Entry, token: string): void {
    this.#forgetTokensOf(entry)
    if (this.#live.has(entry) && !this.#entries.has(token)) this.#entries.set(token, entry)
  }

  #forgetTokensOf(entry: Entry): void {
    for (const [token, other] of this.#entries) if (other === entry) this.#entries.delete(token)
  }
}

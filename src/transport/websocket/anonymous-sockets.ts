/** A connection that has not presented a valid token. */
export type AnonymousSocket = Readonly<{
  /** Whether a token of it is being checked now. */
  isSigningIn(): boolean
  /** Closes the connection: another one takes its place, or its time is over. */
  giveUp(cause: 'displaced' | 'timeout'): void
}>

type Limits = Readonly<{
  maxPerAddress: number
  /** Of all addresses. */
  max: number
  /** How long a connection may stay without a valid token, in milliseconds. */
  timeoutMs: number
}>

type Entry = Readonly<{ address: string; socket: AnonymousSocket; openedAt: number }>

/**
 * The connections without a valid token, from the oldest. They cost an attacker nothing, so there is room for few. A
 * client that means to sign in needs a second or two; one that does not stays. So when the room is full, the oldest
 * connection makes way for the newest, except while its token is being checked.
 */
export class AnonymousSockets {
  readonly #byAddress = new Map<string, Set<Entry>>()
  readonly #all = new Map<AnonymousSocket, Entry>()
  readonly #limits: Limits

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** Returns whether there is room for one more connection. Closes the oldest one if there would be none. */
  makeRoomFor(address: string): boolean {
    const { maxPerAddress, max } = this.#limits
    return this.#makeRoomIn(this.#byAddress.get(address), maxPerAddress) && this.#makeRoomIn(this.#all, max)
  }

  /** Counts a connection until it is removed: when it closes or presents a valid token. */
  add(address: string, socket: AnonymousSocket, openedAt: number): void {
    const entry = { address, socket, openedAt }
    const ofAddress = this.#byAddress.get(address) ?? new Set()
    this.#byAddress.set(address, ofAddress.add(entry))
    this.#all.set(socket, entry)
  }

  /** Does nothing if the connection is not counted any more. */
  remove(socket: AnonymousSocket): void {
    const entry = this.#all.get(socket)
    if (entry !== undefined) this.#remove(entry)
  }

  /** Ends the count of each connection that did not sign in within its time, and returns it to be closed. */
  *overdue(now: number): Generator<AnonymousSocket> {
    for (const entry of this.#all.values()) {
      if (now - entry.openedAt < this.#limits.timeoutMs) return
      if (entry.socket.isSigningIn()) continue
      this.#remove(entry)
      yield entry.socket
    }
  }

  #makeRoomIn(
    entries: Readonly<{ size: number; values(): Iterable<Entry> }> | undefined,
    max: number,
  ): boolean {
    if (entries === undefined || entries.size < max) return true
    for (const entry of entries.values()) {
      if (entry.socket.isSigningIn()) continue
      this.#giveUp(entry, 'displaced')
      return true
    }
    return false
  }

  #giveUp(entry: Entry, cause: 'displaced' | 'timeout'): void {
    this.#remove(entry)
    entry.socket.giveUp(cause)
  }

  #remove(entry: Entry): void {
    this.#all.delete(entry.socket)
    const ofAddress = this.#byAddress.get(entry.address)
    ofAddress?.delete(entry)
    if (ofAddress?.size === 0) this.#byAddress.delete(entry.address)
  }
}

/**
 * Counts, per client address, the connections on which nobody has signed in: the ones that cost an attacker nothing.
 */
export class AnonymousSockets {
  readonly #counts = new Map<string, number>()
  readonly #maxPerAddress: number

  constructor(maxPerAddress: number) {
    this.#maxPerAddress = maxPerAddress
  }

  hasRoomFor(address: string): boolean {
    return (this.#counts.get(address) ?? 0) < this.#maxPerAddress
  }

  /** Counts one more; what it answers with takes it off again, once. */
  add(address: string): () => void {
    this.#counts.set(address, (this.#counts.get(address) ?? 0) + 1)
    let isCounted = true
    return () => {
      if (isCounted) this.#leave(address)
      isCounted = false
    }
  }

  #leave(address: string): void {
    const count = (this.#counts.get(address) ?? 0) - 1
    if (count > 0) this.#counts.set(address, count)
    else this.#counts.delete(address)
  }
}

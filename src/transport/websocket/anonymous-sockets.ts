import type { Dispose } from '../../lib/dispose.ts'

/** Counts the connections without a valid token for each client address. They cost an attacker nothing. */
export class AnonymousSockets {
  readonly #counts = new Map<string, number>()
  readonly #maxPerAddress: number

  constructor(maxPerAddress: number) {
    this.#maxPerAddress = maxPerAddress
  }

  hasRoomFor(address: string): boolean {
    return (this.#counts.get(address) ?? 0) < this.#maxPerAddress
  }

  /** Counts a connection until it is disposed of: when it closes or presents a valid token. */
  add(address: string): Dispose {
    this.#counts.set(address, (this.#counts.get(address) ?? 0) + 1)
    let isCounted = true
    return () => {
      if (isCounted) this.#remove(address)
      isCounted = false
    }
  }

  #remove(address: string): void {
    const count = (this.#counts.get(address) ?? 0) - 1
    if (count > 0) this.#counts.set(address, count)
    else this.#counts.delete(address)
  }
}

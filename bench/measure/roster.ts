import { messageOf } from '../../src/lib/error-info.ts'

/** Why a member left. `during`: the step in which it failed. */
export type Failed = Readonly<{ name: string; during: string; reason: string }>

/** Systems that take turns. One that fails leaves: it is disposed, and all others continue. */
export class Roster<Member extends AsyncDisposable> implements AsyncDisposable {
  readonly #members = new Map<string, Member>()
  readonly #onFailure: (failed: Failed) => void

  constructor(onFailure: (failed: Failed) => void) {
    this.#onFailure = onFailure
  }

  async add(name: string, start: () => Promise<Member>): Promise<void> {
    await this.#attempt(name, 'start', async () => void this.#members.set(name, await start()))
  }

  /** Gives each member a turn, beginning with the one at position `first`. */
  async turns(during: string, first: number, turn: (member: Member) => Promise<void>): Promise<void> {
    const names = [...this.#members.keys()]
    for (const index of names.keys()) {
      const name = names[(index + first) % names.length] ?? ''
      const member = this.#members.get(name)
      if (member !== undefined) await this.#attempt(name, during, () => turn(member))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const member of this.#members.values()) await member[Symbol.asyncDispose]()
    this.#members.clear()
  }

  async #attempt(name: string, during: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#onFailure({ name, during, reason: messageOf(error) })
      await this.#members.get(name)?.[Symbol.asyncDispose]()
      this.#members.delete(name)
    }
  }
}

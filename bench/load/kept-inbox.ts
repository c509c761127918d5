import { Client } from './client.ts'
import type { ClientOptions, Listener } from './user.ts'

/**
 * An inbox that is kept open as an app keeps it: when the connection ends, the client connects again, and the inbox
 * replays what is pending. A gateway closes an inbox that is too far behind, and expects that. Each close is printed.
 */
export class KeptInbox {
  readonly #options: ClientOptions
  #listener: Listener = { arrived: () => undefined, answered: () => undefined }
  #client: Client | undefined
  #closes = 0

  private constructor(options: ClientOptions) {
    this.#options = options
  }

  /** Resolves when the inbox is live. */
  static async open(options: ClientOptions): Promise<KeptInbox> {
    const inbox = new KeptInbox(options)
    await inbox.#connect()
    return inbox
  }

  /** How often the connection has ended. */
  get closes(): number {
    return this.#closes
  }

  listen(listener: Listener): void {
    this.#listener = listener
    this.#client?.listen(listener)
  }

  /** Resolves when the inbox is live, or its connection has ended again. */
  async #connect(): Promise<void> {
    const client = await Client.open(this.#options)
    client.listen(this.#listener)
    this.#client = client
    const ended = client.closed.then((reason) => {
      this.#closes += 1
      process.stderr.write(`inbox of ${this.#options.name} closed: ${reason}\n`)
      this.#connect().catch((error: unknown) => {
        process.stderr.write(`inbox of ${this.#options.name} did not reconnect: ${String(error)}\n`)
      })
    })
    await Promise.race([client.startInbox(), ended])
  }
}

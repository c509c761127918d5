import pg from 'pg'

/**
 * A connection that ends itself if the server doesn't answer in time. A deadline that only gave up on the answer
 * would leave a connection in the pool that is still busy, with the next user's statements stuck behind; and a
 * network that went silent would hold it for minutes. Whoever waits gets "Connection terminated": outcome unknown.
 */
export function deadlineClient(deadlineMs: number): typeof pg.Client {
  return class DeadlineClient extends pg.Client {
    #timer: NodeJS.Timeout | undefined

    constructor(config?: string | pg.ClientConfig) {
      super(config)
      // An override would have to repeat eight overloads of a method whose arguments don't matter here.
      Object.defineProperty(this, 'query', {
        value: (...submission: Parameters<pg.Client['query']>): unknown => {
          this.#expectAnswer()
          return super.query(...submission)
        },
      })
      this.on('drain', () => clearTimeout(this.#timer))
      this.on('end', () => clearTimeout(this.#timer))
    }

    #expectAnswer(): void {
      clearTimeout(this.#timer)
      // With a statement under way, `end` cuts the connection at once.
      this.#timer = setTimeout(() => void this.end(), deadlineMs)
    }
  }
}

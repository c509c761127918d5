import pg from 'pg'
import { isCancelledWait, UnconfirmedCommitError } from './unconfirmed-commit.ts'

type DeadlineConfig = pg.ClientConfig & Readonly<{ isUnprepared?: boolean }>
type Callback = (error: Error | undefined, result?: unknown) => void

/**
 * A connection that ends itself if the server doesn't answer in time. A deadline that only gave up on the answer
 * would leave a connection in the pool that is still busy, with the next user's statements stuck behind; and a
 * network that went silent would hold it for minutes. Whoever waits gets "Connection terminated": outcome unknown.
 *
 * It also hears what PostgreSQL says beside an answer: a commit that stopped waiting for its standby is reported as a
 * success with a warning, and fails here, whoever gave the statement (see `UnconfirmedCommitError`).
 */
export function deadlineClient(
  deadlineMs: number,
  address: () => DeadlineConfig = () => ({}),
): new (given?: string | DeadlineConfig) => pg.Client {
  return class DeadlineClient extends pg.Client {
    #timer: NodeJS.Timeout | undefined
    #isUnconfirmed = false

    constructor(given?: string | DeadlineConfig) {
      const config = typeof given === 'object' ? { ...given, ...address() } : given
      super(config)
      const isUnprepared = typeof config === 'object' && config.isUnprepared === true
      // An override would have to repeat eight overloads of a method whose arguments don't matter here.
      Object.defineProperty(this, 'query', {
        value: (...given: Parameters<pg.Client['query']>): unknown => {
          const submission = isUnprepared ? withoutName(given) : given
          this.#expectAnswer()
          return this.#confirmed((...args) => super.query(...args), submission)
        },
      })
      this.on('drain', () => clearTimeout(this.#timer))
      this.on('end', () => clearTimeout(this.#timer))
      this.on('notice', (notice) => {
        this.#isUnconfirmed ||= isCancelledWait(notice)
      })
    }

    #expectAnswer(): void {
      clearTimeout(this.#timer)
      // With a statement under way, `end` cuts the connection at once.
      this.#timer = setTimeout(() => void this.end(), deadlineMs)
    }

    /** The warning comes before the server is ready for the next statement, and so before the answer is ours. */
    #confirmed(
      query: (...args: Parameters<pg.Client['query']>) => unknown,
      submission: Parameters<pg.Client['query']>,
    ): unknown {
      const args: unknown[] = [...submission]
      const callback = args.at(-1)
      if (typeof callback === 'function') {
        const answer = callback as Callback
        args[args.length - 1] = (error: Error | undefined, result: unknown) =>
          answer(error ?? this.#doubt(), result)
        return query(...(args as unknown as Parameters<pg.Client['query']>))
      }
      const outcome = query(...submission)
      return outcome instanceof Promise ? outcome.then((result: unknown) => this.#require(result)) : outcome
    }

    #require(result: unknown): unknown {
      const doubt = this.#doubt()
      if (doubt !== undefined) throw doubt
      return result
    }

    #doubt(): Error | undefined {
      if (!this.#isUnconfirmed) return undefined
      this.#isUnconfirmed = false
      return new UnconfirmedCommitError()
    }
  }
}

/** A statement without a name is prepared for once. */
function withoutName([first, ...rest]: Parameters<pg.Client['query']>): Parameters<pg.Client['query']> {
  const statement: unknown = first
  if (typeof statement !== 'object' || statement === null || !('name' in statement)) return [first, ...rest]
  return [{ ...statement, name: undefined }, ...rest] as unknown as Parameters<pg.Client['query']>
}

import pg from 'pg'
import { PreparedCall } from './prepared-call.ts'
import { isCancelledWait, UnconfirmedCommitError } from './unconfirmed-commit.ts'

type DeadlineConfig = pg.ClientConfig & Readonly<{ isUnprepared?: boolean }>
type Callback = (error: Error | undefined, result?: unknown) => void

/**
 * A connection that closes itself if the server does not answer in time. A timeout that only stopped waiting would
 * return a busy connection to the pool, and block the next statements; with a silent network, for minutes. The caller
 * gets "Connection terminated", which is an unknown outcome.
 *
 * It also turns one warning into an error: if a commit stopped waiting for its standby, PostgreSQL reports success
 * with a warning. Here it fails with `UnconfirmedCommitError`, for Prisma's statements as well.
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
      // A TypeScript override would have to repeat eight overloads whose arguments do not matter here.
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
      // While a statement is in progress, `end` closes the connection at once.
      this.#timer = setTimeout(() => void this.end(), deadlineMs)
    }

    /** The server sends the warning before it reports the statement as done. */
    #confirmed(
      query: (...args: Parameters<pg.Client['query']>) => unknown,
      submission: Parameters<pg.Client['query']>,
    ): unknown {
      const args: unknown[] = [...submission]
      const callback = args.at(-1)
      if (typeof callback === 'function') {
        args[args.length - 1] = this.#confirming(callback as Callback)
        return query(...(args as unknown as Parameters<pg.Client['query']>))
      }
      const outcome = query(...submission)
      return outcome instanceof Promise
        ? outcome.then((result: unknown) => this.#requireConfirmed(result))
        : outcome
    }

    #confirming(respond: Callback): Callback {
      return (error, result) => respond(error ?? this.#unconfirmed(), result)
    }

    #requireConfirmed(result: unknown): unknown {
      const error = this.#unconfirmed()
      if (error !== undefined) throw error
      return result
    }

    #unconfirmed(): Error | undefined {
      if (!this.#isUnconfirmed) return undefined
      this.#isUnconfirmed = false
      return new UnconfirmedCommitError()
    }
  }
}

/** Removes the name, so that the statement is not kept prepared. */
function withoutName([first, ...rest]: Parameters<pg.Client['query']>): Parameters<pg.Client['query']> {
  const statement: unknown = first
  if (statement instanceof PreparedCall) {
    statement.name = ''
    return [first, ...rest]
  }
  if (typeof statement !== 'object' || statement === null || !('name' in statement)) return [first, ...rest]
  return [{ ...statement, name: undefined }, ...rest] as unknown as Parameters<pg.Client['query']>
}

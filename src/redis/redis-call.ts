import { Command } from 'ioredis'

/** The private part of a command of ioredis, and its outcome. */
type Internals = {
  promise: Promise<unknown>
  outcome: PromiseWithResolvers<unknown>
  isResolved: boolean
  stringifyArguments(): void
  transformReply(reply: unknown): unknown
  _clearTimers(): void
}

/**
 * A command that is answered by text. A `Command` of ioredis makes its `reject` as a closure in a property, which is
 * born in the old generation and keeps the command, its arguments and its answer: see
 * docs/internals/garbage-collection.md. Here, `resolve` and `reject` are methods.
 *
 * TypeScript knows `initPromise` as private, and `reject` as a property, so they are defined on the prototype.
 */
export class RedisCall extends Command {
  constructor(name: string, args: readonly (string | number)[]) {
    super(name, [...args], { replyEncoding: 'utf8' })
  }
}

/** Called by the constructor of `Command`. */
function initPromise(this: Internals): void {
  this.stringifyArguments()
  this.outcome = Promise.withResolvers()
  this.promise = this.outcome.promise
}

function resolve(this: Internals, reply: unknown): void {
  this._clearTimers()
  try {
    this.outcome.resolve(this.transformReply(reply))
    this.isResolved = true
  } catch (error) {
    this.outcome.reject(error)
  }
}

function reject(this: Internals, error: Error): void {
  this._clearTimers()
  this.outcome.reject(error)
}

for (const [name, value] of Object.entries({ initPromise, resolve, reject }))
  Object.defineProperty(RedisCall.prototype, name, { value })

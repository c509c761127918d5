import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ClientAddress, networkOf } from './client-address.ts'

/** Limits of answers that wait for their clients. */
export type AnswerLimits = Readonly<{
  /** A connection whose peer takes nothing for this long is cut off, in milliseconds. */
  writeTimeoutMs: number
  /** From the beginning of a request to the last byte of its answer, unless that is a stream. In milliseconds. */
  answerTimeoutMs: number
  /** Of one client address. */
  maxUnreadBytes: number
}>

export const ANSWER_LIMITS: AnswerLimits = {
  // Longer than an operation may take, and than a stream is silent.
  writeTimeoutMs: 20_000,
  answerTimeoutMs: 90_000,
  // Eight of the longest answers. A client that reads has a few kilobytes unread.
  maxUnreadBytes: 32 * 1024 * 1024,
}

const STREAM_TYPES = /^(text\/event-stream|multipart\/mixed)/

/**
 * Bounds the memory of answers that clients do not read. An answer costs its sender a short request, and the gateway
 * megabytes until it has been read. A write timeout alone does not suffice: a client may read a byte now and then, and
 * send as many requests as its quota allows.
 */
export class UnreadAnswers {
  readonly #limits: Pick<AnswerLimits, 'answerTimeoutMs' | 'maxUnreadBytes'>
  readonly #addressOf: ClientAddress
  readonly #responses = new Map<string, Set<ServerResponse>>()
  /** The sums of this turn of the event loop. To add up thousands of answers for each request would take seconds. */
  readonly #sums = new Map<string, number>()

  constructor(addressOf: ClientAddress, limits: Pick<AnswerLimits, 'answerTimeoutMs' | 'maxUnreadBytes'>) {
    this.#addressOf = addressOf
    this.#limits = limits
  }

  /**
   * Returns false if the client has too much unread. Otherwise watches the answer until the client has it, and cuts the
   * connection off if that takes too long.
   */
  admit(request: IncomingMessage, response: ServerResponse): boolean {
    const address = networkOf(this.#addressOf(request))
    if (this.#unreadBytesOf(address) >= this.#limits.maxUnreadBytes) return false
    this.#watch(address, response)
    return true
  }

  #unreadBytesOf(address: string): number {
    const known = this.#sums.get(address)
    if (known !== undefined) return known
    let bytes = 0
    for (const { writableLength } of this.#responses.get(address) ?? []) bytes += writableLength
    if (this.#sums.size === 0) setImmediate(() => this.#sums.clear())
    this.#sums.set(address, bytes)
    return bytes
  }

  #watch(address: string, response: ServerResponse): void {
    const ofAddress = this.#responses.get(address) ?? new Set()
    this.#responses.set(address, ofAddress.add(response))
    const timer = setTimeout(() => {
      if (!STREAM_TYPES.test(String(response.getHeader('content-type')))) response.destroy()
    }, this.#limits.answerTimeoutMs)
    timer.unref()
    response.once('close', () => {
      clearTimeout(timer)
      ofAddress.delete(response)
      if (ofAddress.size === 0 && this.#responses.get(address) === ofAddress) this.#responses.delete(address)
    })
  }
}

import { EventQueue } from '../../harness/fixtures/event-queue.ts'

/**
 * A source of events like the inbox. It is an object with next and return, not an async generator: its return settles a
 * next that still waits. Records its calls.
 */
export class ObservedStream {
  readonly viewer: string
  /** The calls of 'next' and 'return', in order. */
  readonly calls = new EventQueue<'next' | 'return'>()
  #waiting: ((result: IteratorResult<{ observed: string }, undefined>) => void) | undefined
  readonly #queued: string[] = []
  #isOver = false

  constructor(viewer: string) {
    this.viewer = viewer
  }

  get isOver(): boolean {
    return this.#isOver
  }

  push(text: string): void {
    const wake = this.#waiting
    this.#waiting = undefined
    if (wake === undefined) this.#queued.push(text)
    else wake({ done: false, value: { observed: text } })
  }

  next(): Promise<IteratorResult<{ observed: string }, undefined>> {
    this.calls.push('next')
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined })
    const text = this.#queued.shift()
    if (text !== undefined) return Promise.resolve({ done: false, value: { observed: text } })
    return new Promise((resolve) => {
      this.#waiting = resolve
    })
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    this.calls.push('return')
    this.#isOver = true
    this.#waiting?.({ done: true, value: undefined })
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

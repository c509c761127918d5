import type { Store } from '../api.ts'
import { Listeners } from './listeners.ts'

/** A store whose value is set from outside. */
export class ValueStore<Value> extends Listeners implements Store<Value> {
  #value: Value

  /** `onWatched` is called when the first listener comes and when the last one goes. */
  constructor(value: Value, onWatched?: (isWatched: boolean) => void) {
    super(onWatched)
    this.#value = value
  }

  readonly getSnapshot = (): Value => this.#value

  set(value: Value): void {
    if (Object.is(value, this.#value)) return
    this.#value = value
    this.notify()
  }
}

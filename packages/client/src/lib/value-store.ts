import type { Store } from '../api.ts'
import { isEqual } from './equal.ts'
import { Listeners } from './listeners.ts'

/** A store whose value is set from outside. A value with the same content changes nothing. */
export class ValueStore<Value> extends Listeners implements Store<Value> {
  #value: Value

  /** `onWatched` is called when the first listener comes and when the last one goes. */
  constructor(value: Value, onWatched?: (isWatched: boolean) => void) {
    super(onWatched)
    this.#value = value
  }

  readonly getSnapshot = (): Value => this.#value

  set(value: Value): void {
    if (isEqual(value, this.#value)) return
    this.#value = value
    this.notify()
  }
}

import { Counter, type CounterConfiguration, type LabelValues } from 'prom-client'

/**
 * Returns a counter with at most one label that is cheap to increment. prom-client makes a text of the labels each
 * time. This one adds to a number, and passes the sums on when the metrics are read.
 */
export function createTalliedCounter<Label extends string>(
  configuration: CounterConfiguration<Label>,
): Counter<Label> {
  const counter = new Counter(configuration)
  const [label] = configuration.labelNames ?? []
  const [inc, get] = [counter.inc.bind(counter), counter.get.bind(counter)]
  const sums = new Map<string | number | undefined, number>()

  function add(given?: LabelValues<Label> | number, value = 1): void {
    if (typeof given === 'object') tally(label === undefined ? undefined : given[label], value)
    else tally(undefined, given ?? 1)
  }

  function tally(labelValue: string | number | undefined, value: number): void {
    sums.set(labelValue, (sums.get(labelValue) ?? 0) + value)
  }

  async function read(): ReturnType<typeof get> {
    for (const [labelValue, sum] of sums) {
      if (label === undefined || labelValue === undefined) inc(sum)
      else inc({ [label]: labelValue } as LabelValues<Label>, sum)
    }
    sums.clear()
    return get()
  }

  // prom-client sets `inc` in its constructor, so a subclass could not override it.
  return Object.assign(counter, { inc: add, get: read })
}

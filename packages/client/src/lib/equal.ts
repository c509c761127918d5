/** Compares plain data: primitives, dates, arrays and objects of them. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (a instanceof Date) return isEqual(a.getTime(), (b as Partial<Date>).getTime?.())
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every((key) => isEqual((a as Keyed)[key], (b as Keyed)[key]))
}

/** Returns `before` if `after` has the same content, so that snapshots keep their identity. */
export function keepIdentity<Value>(before: Value | undefined, after: Value): Value {
  return isEqual(before, after) ? (before as Value) : after
}

/** Returns `before` if it has the same elements, by identity. */
export function keepArray<Item>(
  before: readonly Item[] | undefined,
  after: readonly Item[],
): readonly Item[] {
  const isSame = before?.length === after.length && before.every((item, index) => item === after[index])
  return isSame ? before : after
}

type Keyed = Readonly<Record<string, unknown>>

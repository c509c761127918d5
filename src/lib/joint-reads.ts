/** Answers with what there is of these keys. */
type Read<Key, Value> = (keys: readonly Key[]) => Promise<ReadonlyMap<Key, Value>>

/**
 * Reads each key once, however many ask for it while that is under way. What another one's read did not find, or failed
 * to read, is read again for whoever asked: theirs may have been made of a server that did not have it yet.
 */
export function createJointReads<Key, Value>(read: Read<Key, Value>): Read<Key, Value> {
  const underWay = new Map<Key, Promise<ReadonlyMap<Key, Value>>>()

  async function readAlone(keys: readonly Key[]): Promise<ReadonlyMap<Key, Value>> {
    if (keys.length === 0) return new Map()
    const reading = read(keys)
    for (const key of keys) underWay.set(key, reading)
    try {
      return await reading
    } finally {
      for (const key of keys) if (underWay.get(key) === reading) underWay.delete(key)
    }
  }

  async function join(keys: readonly Key[]): Promise<ReadonlyMap<Key, Value>> {
    const readings = new Set(keys.flatMap((key) => underWay.get(key) ?? []))
    const outcomes = await Promise.allSettled(readings)
    return new Map(outcomes.flatMap((outcome) => ('value' in outcome ? [...outcome.value] : [])))
  }

  return async (keys) => {
    const others = keys.filter((key) => underWay.has(key))
    const own = keys.filter((key) => !underWay.has(key))
    const [joined, alone] = await Promise.all([join(others), readAlone(own)])
    const again = await readAlone(others.filter((key) => !joined.has(key)))
    return new Map([...joined, ...alone, ...again])
  }
}

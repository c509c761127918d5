/** Resolves with the values that exist. Keys without a value are left out. */
type Read<Key, Value> = (keys: readonly Key[]) => Promise<ReadonlyMap<Key, Value>>

/**
 * Wraps `read` so that concurrent calls share one read per key. A caller never inherits the failure or the absence that
 * another caller's read found: that read may have run before the value was written, so the key is read again.
 */
export function coalesceReads<Key, Value>(read: Read<Key, Value>): Read<Key, Value> {
  const pending = new Map<Key, Promise<ReadonlyMap<Key, Value>>>()

  async function start(keys: readonly Key[]): Promise<ReadonlyMap<Key, Value>> {
    if (keys.length === 0) return new Map()
    const reading = read(keys)
    for (const key of keys) pending.set(key, reading)
    try {
      return await reading
    } finally {
      for (const key of keys) if (pending.get(key) === reading) pending.delete(key)
    }
  }

  async function join(keys: readonly Key[]): Promise<ReadonlyMap<Key, Value>> {
    const readings = new Set(keys.flatMap((key) => pending.get(key) ?? []))
    const outcomes = await Promise.allSettled(readings)
    return new Map(outcomes.flatMap((outcome) => ('value' in outcome ? [...outcome.value] : [])))
  }

  return async (keys) => {
    const shared = keys.filter((key) => pending.has(key))
    const own = keys.filter((key) => !pending.has(key))
    const [joined, started] = await Promise.all([join(shared), start(own)])
    const repeated = await start(shared.filter((key) => !joined.has(key)))
    return new Map([...joined, ...started, ...repeated])
  }
}

/** Something that refers to others of its kind by name. */
export type Dependent = Readonly<{ name: string; refersTo: readonly string[] }>

/**
 * Whatever a thing refers to comes before it; among equals the order stays as it is. References to what is not there
 * count for nothing. Throws where some refer to each other in a circle.
 */
export function inDependencyOrder<Thing extends Dependent>(things: readonly Thing[]): readonly Thing[] {
  const ordered: Thing[] = []
  let left = [...things]
  while (left.length > 0) {
    const missing = new Set(left.map(({ name }) => name))
    const ready = left.filter(({ refersTo }) => !refersTo.some((name) => missing.has(name)))
    if (ready.length === 0)
      throw new Error(`These refer to each other in a circle: ${[...missing].join(', ')}`)
    ordered.push(...ready)
    left = left.filter((thing) => !ready.includes(thing))
  }
  return ordered
}

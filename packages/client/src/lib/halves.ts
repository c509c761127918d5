/** Splits a list, to find out which of its entries the server rejects. */
export function halves<Entry>(list: readonly Entry[]): readonly (readonly Entry[])[] {
  const half = list.length / 2
  return [list.slice(0, half), list.slice(half)]
}

/**
 * Returns a function to call for each of many small things, such as deliveries. Their number is reported once at the
 * end of each turn of the event loop.
 */
export function countPerTurn(report: (count: number) => void): () => void {
  let count = 0

  function flush(): void {
    const counted = count
    count = 0
    report(counted)
  }

  return () => {
    if (count === 0) setImmediate(flush)
    count += 1
  }
}

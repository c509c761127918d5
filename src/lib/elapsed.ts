/** For how long something has gone on, by a clock that does not jump. */
export function elapsedMs(): number {
  return performance.now()
}

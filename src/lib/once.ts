/** Runs `work` at the first call; that and all later calls share its outcome. */
export function once<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let outcome: Promise<Result> | undefined
  return () => (outcome ??= work())
}

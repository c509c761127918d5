/**
 * The outcome of `work`, or a rejection with what `onLate` makes when `ms` milliseconds pass first. The work itself
 * goes on, and its outcome is then nobody's.
 */
export async function within<Result>(
  ms: number,
  work: Promise<Result>,
  onLate: () => Error,
): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(onLate()), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

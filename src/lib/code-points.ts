/** Code points of `text`, counted no further than needed to see that there are more than `limit`. */
export function codePoints(text: string, limit: number): number {
  if (text.length > 2 * limit) return text.length
  let count = 0
  for (const _ of text) count += 1
  return count
}

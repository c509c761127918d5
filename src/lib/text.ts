const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }

/**
 * Parses `90s`, `15m`, `1h` or `30d` into seconds. Undefined if the text is not a duration, is 0, or exceeds `maxS`.
 */
export function durationS(text: string, maxS: number): number | undefined {
  const [, count = '', unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? []
  const seconds = Number(count) * (UNIT_SECONDS[unit] ?? 0)
  return seconds > 0 && seconds <= maxS ? seconds : undefined
}

/** Counts the code points of `text`, and stops early once there are certainly more than `limit`. */
export function codePoints(text: string, limit: number): number {
  if (text.length > 2 * limit) return text.length
  let count = 0
  for (const _ of text) count += 1
  return count
}

/**
 * A character that is not blank: neither white space nor a joiner, filler or other character without a shape. The
 * last ones are symbols that fonts show as nothing.
 */
const VISIBLE = /[^\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cc}\u2800\uFFF9-\uFFFB\u{1D159}]/u

/** Returns whether a reader would see nothing of the text. */
export function looksEmpty(text: string): boolean {
  return !VISIBLE.test(text)
}

/**
 * The Damerau-Levenshtein distance (optimal string alignment): how many characters must be added, removed, replaced or
 * swapped with their neighbour to turn one text into the other. Time grows with the product of the lengths, so it suits
 * words and not documents.
 */
export function editDistance(from: string, to: string): number {
  let beforeLast: readonly number[] = []
  let last: readonly number[] = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1]
      const isSwapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      const steps = [
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (isSame ? 0 : 1),
      ]
      if (isSwapped) steps.push(at(beforeLast, column - 2) + 1)
      current.push(Math.min(...steps))
    }
    beforeLast = last
    last = current
  }
  return at(last, to.length)
}

/** Cells outside the table are unreachable. */
function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity
}

/** The candidate with the smallest edit distance to `word`, if within `maxDistance`; of equals, the first. */
export function nearest<Word extends string>(
  word: string,
  candidates: readonly Word[],
  maxDistance: (candidate: Word) => number,
): Word | undefined {
  let best: { candidate: Word; distance: number } | undefined
  for (const candidate of candidates) {
    const distance = editDistance(word, candidate)
    if (distance <= maxDistance(candidate) && distance < (best?.distance ?? Infinity)) {
      best = { candidate, distance }
    }
  }
  return best?.candidate
}

/**
 * How many characters have to be added, left out, replaced, or swapped with their neighbour to make one text
 * out of the other. Time and memory grow with the product of the lengths: for words, not for documents.
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

/** Past the edge of the table nothing can be reached. */
function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity
}

/** The candidate nearest to `word`, if one is at most `maxDistance` away; the first of equals. */
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

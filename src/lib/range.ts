/** A stretch of a list: strictly between two places, from the start or from the end. */
export type Range<Position> = Readonly<{
  after: Position | undefined
  before: Position | undefined
  limit: number
  /** Count from the end. */
  inverted: boolean
}>

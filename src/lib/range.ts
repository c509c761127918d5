/** A page of a list: at most `limit` items strictly between two positions, counted from the start or from the end. */
export type Range<Position> = Readonly<{
  after: Position | undefined
  before: Position | undefined
  limit: number
  /** Take the last items of the range instead of the first. */
  inverted: boolean
}>

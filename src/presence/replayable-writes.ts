/** What the store is told because of what people do, and may forget. */
export type ReplayableWrites = Readonly<{
  /** Whether the store could not be told of something, and was not told again since. */
  needsReplay(): boolean
  /** Tells the store again of all that matters still. Never rejects. */
  replay(): Promise<void>
  /** Resolves when the store knows of everything, or could not be told. */
  drained(): Promise<void>
}>

/** Undoes the subscription or registration that returned it. Calling it again does nothing. */
export type Dispose = () => void

/** As `Dispose`, if undoing takes time. Resolves when nothing is under way any more. */
export type DisposeAsync = () => Promise<void>

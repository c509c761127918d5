/**
 * The outcome of one request. `retryAfterMs`: the wait that the receiver asked for. `body`: the start of the answer, up
 * to `maxBodyBytes`. `isForbidden`: the address is in a private network.
 */
export type Posted = Readonly<
  | { type: 'answered'; status: number; retryAfterMs: number | undefined; body: string }
  | { type: 'failed'; reason: string; isForbidden?: true }
>

/** Sends a POST. Follows no redirect, and never rejects. */
export type Post = (
  request: Readonly<{
    url: string
    headers: Readonly<Record<string, string>>
    body: string | Uint8Array
    /** Whether the address may be in a private network. */
    allowsPrivate: boolean
    timeoutMs: number
    /** How much of the answer to read. Default: nothing. */
    maxBodyBytes?: number
  }>,
) => Promise<Posted>

/** Why an operation failed, as the server or the network tells. */
export class ParleyError extends Error {
  override readonly name = 'ParleyError'
  /** One of the codes in PROTOCOL.md, or `NETWORK_ERROR` if there was no answer. */
  readonly code: string
  /** Whether the same operation may succeed later and repeating it does no harm. */
  readonly isRetryable: boolean
  /** How long to wait before the next attempt, in milliseconds. */
  readonly retryAfterMs: number | undefined

  constructor(
    code: string,
    message: string,
    options: Readonly<{ isRetryable?: boolean; retryAfterMs?: number | undefined; cause?: unknown }> = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.isRetryable = options.isRetryable ?? false
    this.retryAfterMs = options.retryAfterMs
  }
}

/** A GraphQL error as it is in a response. */
export type ResponseError = Readonly<{
  message: string
  extensions?: Readonly<Record<string, unknown>> | undefined
}>

/** The first error of a response, as a `ParleyError`. */
export function fromResponse(errors: readonly ResponseError[]): ParleyError {
  const [first] = errors
  const { code, retryable, retryAfterMs } = first?.extensions ?? {}
  return new ParleyError(
    typeof code === 'string' ? code : 'INTERNAL',
    first?.message ?? 'Unexpected error.',
    {
      isRetryable: retryable === true,
      retryAfterMs: typeof retryAfterMs === 'number' ? retryAfterMs : undefined,
    },
  )
}

/** There was no answer: whether the operation was done is unknown. */
export function networkError(cause: unknown): ParleyError {
  return new ParleyError('NETWORK_ERROR', 'The server could not be reached.', { isRetryable: true, cause })
}

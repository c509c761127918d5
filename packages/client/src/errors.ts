/** Why an operation failed, as the server or the network tells. */
export class ParleyError extends Error {
  override readonly name = 'ParleyError'
  /** One of the codes in PROTOCOL.md, or `NETWORK_ERROR` if there was no answer. */
  declare readonly code: string
  /** Whether the same operation may succeed later and repeating it does no harm. */
  declare readonly isRetryable: boolean
  /** How long to wait before the next attempt, in milliseconds. */
  declare readonly retryAfterMs: number | undefined

  constructor(
    code: string,
    message: string,
    options: Readonly<{
      isRetryable?: boolean | undefined
      retryAfterMs?: number | undefined
      cause?: unknown
    }> = {},
  ) {
    super(message, options)
    this.code = code
    this.isRetryable = options.isRetryable ?? false
    this.retryAfterMs = options.retryAfterMs
  }
}

/** A GraphQL error as it is in a response. */
export type ResponseError = Readonly<{
  message: string
  extensions?: Readonly<{ code?: string; retryable?: boolean; retryAfterMs?: number }>
}>

/** The first error of a response, as a `ParleyError`. */
export function fromResponse([first]: readonly ResponseError[]): ParleyError {
  const { code = 'INTERNAL', retryable, retryAfterMs } = first?.extensions ?? {}
  return new ParleyError(code, first?.message ?? code, { isRetryable: retryable, retryAfterMs })
}

/** The reason once the app has closed the client. */
export const CLOSED = 'The client is closed.'

/** Like `signal.throwIfAborted()`, which React Native lacks. */
export function throwIfClosed({ aborted }: AbortSignal): void {
  if (aborted) throw new ParleyError('CLOSED', CLOSED)
}

/** The reason of every connection and request that got no answer. */
export const UNREACHABLE = 'The server is unreachable.'

/**
 * Returns a `ParleyError` unchanged. Any other thrown value means that there was no answer: it is unknown whether
 * the operation was done.
 */
export function networkError(cause: unknown, message = UNREACHABLE): ParleyError {
  if (cause instanceof ParleyError) return cause
  return new ParleyError('NETWORK_ERROR', message, { isRetryable: true, cause })
}

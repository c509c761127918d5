/** All error codes that clients see. Other errors are masked. */
const CODES = {
  UNAUTHENTICATED: { retryable: false },
  FORBIDDEN: { retryable: false },
  NOT_FOUND: { retryable: false },
  BAD_USER_INPUT: { retryable: false },
  CONFLICT: { retryable: false },
  RATE_LIMITED: { retryable: true },
  SERVICE_DEGRADED: { retryable: true },
  UNAVAILABLE: { retryable: true },
  INTERNAL: { retryable: false },
} as const satisfies Record<string, { readonly retryable: boolean }>

/** `extensions.code` of a failed operation. */
export type ErrorCode = keyof typeof CODES

/** `extensions` of a failed operation. */
export type ErrorExtensions = Readonly<{
  code: ErrorCode
  /** Whether repeating the operation with the same keys may succeed. It never does harm. */
  retryable: boolean
  /** The shortest wait before a retry, in milliseconds. Set if waiting helps. */
  retryAfterMs?: number
}>

type ErrorOptions = Readonly<{ retryAfterMs?: number; cause?: unknown }>

/**
 * An error whose code and text are for the client. The text says what is wrong and what to do. Any other error is
 * logged and becomes INTERNAL with a generic text.
 */
export class ParleyError extends Error {
  override readonly name = 'ParleyError'
  readonly code: ErrorCode
  readonly retryAfterMs: number | undefined

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.retryAfterMs = options.retryAfterMs
  }

  get extensions(): ErrorExtensions {
    return errorExtensions(this.code, this.retryAfterMs)
  }
}

/** Returns the extensions of a code. */
export function errorExtensions(code: ErrorCode, retryAfterMs?: number): ErrorExtensions {
  const { retryable } = CODES[code]
  return retryAfterMs === undefined ? { code, retryable } : { code, retryable, retryAfterMs }
}

/**
 * Creates an error without a stack trace. For errors that reject a request under load: their origin is known, and the
 * stack trace would cost more than the rest of the rejection.
 */
export function withoutStack<Made extends Error>(make: () => Made): Made {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return make()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** BAD_USER_INPUT. `message` says what is accepted. */
export function badInput(message: string): ParleyError {
  return new ParleyError('BAD_USER_INPUT', message)
}

/** NOT_FOUND. The same for objects that do not exist and objects that the viewer may not see. */
export function notFound(what: string): ParleyError {
  return new ParleyError('NOT_FOUND', `${what} not found. It does not exist, or you may not see it.`)
}

/** FORBIDDEN. The viewer sees the object, but may not do this. */
export function forbidden(message: string): ParleyError {
  return new ParleyError('FORBIDDEN', message)
}

/** UNAVAILABLE. The outcome is unknown, or the operation failed for now. Repeating it with the same keys is safe. */
export function unavailable(message: string, cause?: unknown, retryAfterMs = 500): ParleyError {
  return new ParleyError('UNAVAILABLE', message, { retryAfterMs, cause })
}

/** What may go wrong, as clients see it: one table, one class, nothing else reaches them unmasked. */
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
  /** True where the same operation, sent again with the same keys, may succeed and can do no harm. */
  retryable: boolean
  /** How long to wait before that, where waiting helps. */
  retryAfterMs?: number
}>

type ErrorOptions = Readonly<{ retryAfterMs?: number; cause?: unknown }>

/**
 * An error that its message and code are meant for the client to read. The message says what to do.
 * Anything else that is thrown becomes INTERNAL with a generic text, and is logged.
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

/** The extensions that belong to a code. */
export function errorExtensions(code: ErrorCode, retryAfterMs?: number): ErrorExtensions {
  const { retryable } = CODES[code]
  return retryAfterMs === undefined ? { code, retryable } : { code, retryable, retryAfterMs }
}

/**
 * Makes an error that is an answer and no fault: where in the code it was made tells nobody anything, and to find that
 * out costs more than all else that it takes to refuse something.
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

/** Input that can't be what the client meant; `message` says what would be accepted. */
export function badInput(message: string): ParleyError {
  return new ParleyError('BAD_USER_INPUT', message)
}

/** The one answer for what doesn't exist and for what the viewer may not see. */
export function notFound(what: string): ParleyError {
  return new ParleyError('NOT_FOUND', `${what} not found. It does not exist, or you may not see it.`)
}

/** The viewer sees it, but may not do this to it. */
export function forbidden(message: string): ParleyError {
  return new ParleyError('FORBIDDEN', message)
}

/** The operation may or may not have happened; sending it again with the same keys is safe. */
export function unavailable(message: string, cause?: unknown, retryAfterMs = 500): ParleyError {
  return new ParleyError('UNAVAILABLE', message, { retryAfterMs, cause })
}

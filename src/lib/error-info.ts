/** The code that Node.js, the operating system or PostgreSQL gave an error. Undefined if it has none. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** Whether a thrown value has one of these codes, as `codeOf` reads it. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  const code = codeOf(error)
  return code !== undefined && codes.includes(code)
}

/**
 * The message of any thrown value. An attempt to connect to several addresses fails with one error for each of them;
 * the text has all of their messages, after the common message if there is one.
 */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError) {
    const all = error.errors.map(messageOf).join('; ')
    return error.message === '' ? all : `${error.message} (${all})`
  }
  return error instanceof Error ? error.message : String(error)
}

/** The reason for a failure in one line: the last line that a child process wrote to stderr, or of the message. */
export function lastLineOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const stderr = 'stderr' in error && typeof error.stderr === 'string' ? error.stderr.trim() : ''
  return (stderr === '' ? error.message : stderr).trim().split('\n').at(-1) ?? ''
}

import { ConfigError } from '../config/config-error.ts'
import { codeOf, messageOf } from '../lib/error-info.ts'
import { redactText } from '../telemetry/redact.ts'

/**
 * Describes a thrown value to the operator. Parley's own errors have a message for the operator; other errors show
 * theirs, with the stack if `withStack`. Credentials are redacted.
 */
export function describeFailure(error: unknown, withStack: boolean): string {
  if (error instanceof ConfigError) return error.message
  if (codeOf(error) === 'ERR_MODULE_NOT_FOUND') return `${messageOf(error)}\nRun "npm ci" first.`
  const stack = withStack && error instanceof Error ? `\n${error.stack ?? ''}` : ''
  return redactText(`${messageOf(error)}${stack}`)
}

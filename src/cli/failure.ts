import { ConfigError } from '../config/config-error.ts'
import { redactText } from '../telemetry/redact.ts'

/**
 * What to tell the operator of something that was thrown: the message of an error of ours, which was written for
 * them; of any other as much as it says, with its stack where `withStack` asks for it. Never a credential.
 */
export function describeFailure(error: unknown, withStack: boolean): string {
  if (error instanceof ConfigError) return error.message
  if (codeOf(error) === 'ERR_MODULE_NOT_FOUND') return `${messageOf(error)}\nRun "npm ci" first.`
  const stack = withStack && error instanceof Error ? `\n${error.stack ?? ''}` : ''
  return redactText(`${messageOf(error)}${stack}`)
}

/**
 * Connecting to several addresses fails with several errors in one: each is told, behind what they have in common where
 * that has a message.
 */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError) {
    const all = error.errors.map(messageOf).join('; ')
    return error.message === '' ? all : `${error.message} (${all})`
  }
  return error instanceof Error ? error.message : String(error)
}

/** The code that Node.js or PostgreSQL gave it, if one did. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

import { ConfigError } from '../config/config-error.ts'
import { codeOf, messageOf } from '../lib/error-info.ts'
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

import type { ExecutionResult } from 'graphql'

/** The JSON text of a result, with its errors last. They have to be for the client. */
export function resultText(result: ExecutionResult): string {
  if (result.errors === undefined) return JSON.stringify(result)
  const { errors, ...rest } = result
  return JSON.stringify({ ...rest, errors })
}

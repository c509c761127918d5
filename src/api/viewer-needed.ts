import { GraphQLError } from 'graphql'

/** A shared execution came to a field that depends on the viewer. Its result is discarded. Never sent to a client. */
export class ViewerNeededError extends Error {
  override readonly name = 'ViewerNeededError'
}

/** Returns whether a shared execution failed because a field depends on the viewer. */
export function needsViewer(error: unknown): boolean {
  let cause = error
  while (cause instanceof GraphQLError && cause.originalError) cause = cause.originalError
  return cause instanceof ViewerNeededError
}

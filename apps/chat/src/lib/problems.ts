import { ParleyError } from '@parley/client'

/** Says in words for the person why an action failed. */
export function problemText(error: unknown): string {
  if (!(error instanceof ParleyError)) return 'Something went wrong. Try again.'
  switch (error.code) {
    case 'NETWORK_ERROR':
      return 'There is no connection. Try again when you are back online.'
    case 'UNAVAILABLE':
    case 'SERVICE_DEGRADED':
      return 'The service is busy. Try again in a moment.'
    case 'RATE_LIMITED':
      return 'That was a lot at once. Wait a moment, then try again.'
    case 'FORBIDDEN':
      return 'You may not do that in this chat.'
    case 'NOT_FOUND':
      return 'There is no such person, chat or message.'
    case 'UNAUTHENTICATED':
      return 'You are signed out. Sign in again.'
    default:
      return error.message
  }
}

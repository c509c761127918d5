import { ParleyError } from '@parley/client'

type Problem = Readonly<{ code: string; message: string }>

/** Says in words for the person why a message was refused. */
export function sendProblemText(problem: Problem | undefined): string {
  // The composer limits the length, so what is left is that nothing is visible, or control characters.
  if (problem?.code === 'BAD_USER_INPUT') return 'The text has invisible characters that cannot be sent.'
  return problem === undefined ? 'The message was not sent.' : textOf(problem)
}

/** Says in words for the person why an action failed. */
export function problemText(error: unknown): string {
  return error instanceof ParleyError ? textOf(error) : 'Something went wrong. Try again.'
}

function textOf({ code, message }: Problem): string {
  switch (code) {
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
      return message
  }
}

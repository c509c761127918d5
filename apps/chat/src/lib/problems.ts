import { ParleyError } from '@parley/client'

type Problem = Readonly<{ code: string; message: string }>

/** Says in words for the person why a message was refused. */
export function sendProblemText(problem: Problem | undefined, hasFiles = false): string {
  if (hasFiles && problem !== undefined) return filesProblemText(problem)
  // The composer limits the length, so what is left is that nothing is visible, or control characters.
  if (problem?.code === 'BAD_USER_INPUT') return 'The text has invisible characters that cannot be sent.'
  return problem === undefined ? 'The message was not sent.' : textOf(problem)
}

function filesProblemText({ code, message }: Problem): string {
  switch (code) {
    case 'SERVICE_DEGRADED':
      return 'The service is busy and takes no files at the moment. Try again later.'
    case 'RATE_LIMITED':
      return 'That was a lot of files for one day. Try again later.'
    default:
      return message
  }
}

/** Says in words for the person why an action failed. `userIds`: the people of the action. */
export function problemText(error: unknown, userIds: readonly string[] = []): string {
  if (!(error instanceof ParleyError)) return 'Something went wrong. Try again.'
  const missing = error.code === 'NOT_FOUND' ? missingUser(error, userIds) : undefined
  return missing === undefined ? textOf(error) : noSuchPerson(missing)
}

/** Of several people, the server names the first that it does not find. */
function missingUser({ message }: Problem, userIds: readonly string[]): string | undefined {
  if (userIds.length < 2) return userIds[0]
  const words = new Set(message.split(' '))
  return userIds.find((id) => words.has(id))
}

function noSuchPerson(userId: string): string {
  const name = userId.replace(/^user_/, '')
  return `There is no one with the user name “${name}”. People can be found once they have signed in.`
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
      return 'That is no longer there, or you may not see it.'
    case 'UNAUTHENTICATED':
      return 'You are signed out. Sign in again.'
    default:
      return message
  }
}

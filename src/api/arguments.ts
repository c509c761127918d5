import { badInput } from '../errors.ts'
import { type ChatId, type MessageId, parseGlobalId, type UserId } from '../ids.ts'

/** What a global id in an argument or input field names; BAD_USER_INPUT where it can't be one of that type's. */
export const idArgument = {
  user: (name: string, text: string): UserId => {
    const parsed = parseGlobalId(text)
    if (parsed?.type === 'User') return parsed.id
    throw badInput(`${name} is not the id of a user: those look like user_alice`)
  },
  chat: (name: string, text: string): ChatId => {
    const parsed = parseGlobalId(text)
    if (parsed?.type === 'Chat') return parsed.id
    throw badInput(`${name} is not the id of a chat: those start with chat_`)
  },
  message: (name: string, text: string): MessageId => {
    const parsed = parseGlobalId(text)
    if (parsed?.type === 'Message') return parsed.id
    throw badInput(`${name} is not the id of a message: those start with message_`)
  },
}

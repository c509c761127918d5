import { badInput } from '../errors.ts'
import { type AttachmentId, type ChatId, type MessageId, parseGlobalId, type UserId } from '../ids.ts'

/** Parse the global ID in an argument or input field. Throw BAD_USER_INPUT if it is not an ID of that type. */
export const idArgument = {
  user: (name: string, text: string): UserId => {
    const parsed = parseGlobalId(text)
    if (parsed?.type === 'User') return parsed.id
    throw badInput(`${name} is not the ID of a user. Pass an ID such as user_alice.`)
  },
  /** The error names the item. */
  users: (name: string, texts: readonly string[]): UserId[] =>
    texts.map((text, index) => idArgument.user(`${name}[${index}]`, text)),
  chat: (name: string, text: string): ChatId => {
    const parsed = parseGlobalId(text)
    if (parsed?.type === 'Chat') return parsed.id
    throw badInput(`${name} is not the ID of a chat. Pass an ID that starts with chat_.`)
  },
  message: (name: string, text: string): MessageId => {
    const parsed = parseGlobalId(text)
    if (parsed?.type === 'Message') return parsed.id
    throw badInput(`${name} is not the ID of a message. Pass an ID that starts with message_.`)
  },
  attachment: (name: string, text: string): AttachmentId => {
    const parsed = parseGlobalId(text)
    if (parsed?.type === 'Attachment') return parsed.id
    throw badInput(`${name} is not the ID of an attachment. Pass an ID that starts with attachment_.`)
  },
}

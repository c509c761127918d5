import * as z from 'zod'
import { parseKey } from '../chats/client-key.ts'
import { MAX_DATA_BYTES, parseType } from '../chats/custom-data.ts'
import { parseTitle } from '../chats/chat-input.ts'
import { ParleyError } from '../errors.ts'
import type { MemberRole } from '../events/chat.ts'
import { isSubject, SYSTEM_USER_ID, type UserId } from '../ids.ts'
import { type JsonObject, problemOfJson } from '../lib/bounded-json.ts'
import { toSingleLine } from '../lib/single-line.ts'
import { parseBody } from '../messages/message-input.ts'

/** One line of an import file. */
export type ImportRecord = UserRecord | ChatRecord | MessageRecord

export type UserRecord = Readonly<{
  type: 'user'
  id: UserId
  name: string
  avatarUrl: string | null
  data: JsonObject | null
}>
export type ChatRecord = Readonly<{
  type: 'chat'
  /** The id in the system that the data comes from. For a group it is the key of `ensureGroup`. */
  id: string
  kind: 'DIRECT' | 'GROUP'
  title: string | null
  data: JsonObject | null
  createdAt: Date
  members: readonly Readonly<{ id: UserId; role: MemberRole }>[]
}>
export type MessageRecord = Readonly<{
  type: 'message'
  /** The id in the system that the data comes from, unique in its chat. Becomes `clientMessageId`. */
  id: string
  chat: string
  sender: UserId
  body: string
  sentAt: Date
  /** The id of an earlier message of the chat. */
  replyTo: string | null
  /** The product's own type. `type` is that of the line. */
  messageType: string | null
  data: JsonObject | null
}>

/** Returns the value, or a problem if `parse` throws a ParleyError. */
function checked<Value>(parse: (text: string) => Value) {
  return z.string().transform((text, context) => {
    try {
      return parse(text)
    } catch (error) {
      if (!(error instanceof ParleyError)) throw error
      context.addIssue(error.message)
      return z.NEVER
    }
  })
}

const subject = z
  .string()
  .refine((text) => isSubject(text) && text !== SYSTEM_USER_ID, {
    error: 'must be 1 to 255 characters without control characters',
  })
  .transform((text) => text as UserId)

const name = z.string().transform((text, context) => {
  const line = toSingleLine(text)
  if (line !== undefined) return line
  context.addIssue('must have a visible character')
  return z.NEVER
})

const time = z.iso
  .datetime({ offset: true, error: 'must be a time such as 2025-03-01T09:00:00Z' })
  .transform((text) => new Date(text))
const url = z.url({ protocol: /^https?$/, error: 'must be an http or https address' }).max(2_048)
const key = checked((text) => parseKey('id', text))

const dataOf = (kind: keyof typeof MAX_DATA_BYTES) =>
  z
    .unknown()
    .transform((value, context) => {
      if (value === undefined || value === null) return null
      const problem = problemOfJson(value, MAX_DATA_BYTES[kind])
      if (problem === undefined) return value as JsonObject
      context.addIssue(problem)
      return z.NEVER
    })
    .default(null)

const USER = z.strictObject({
  type: z.literal('user'),
  id: subject,
  name,
  avatarUrl: url.nullable().default(null),
  data: dataOf('user'),
})

const MEMBER = z.strictObject({ id: subject, role: z.enum(['OWNER', 'ADMIN', 'MEMBER']).default('MEMBER') })

const CHAT = z.strictObject({
  type: z.literal('chat'),
  id: key,
  kind: z.enum(['DIRECT', 'GROUP']),
  title: checked(parseTitle).nullable().default(null),
  data: dataOf('chat'),
  createdAt: time,
  members: z.array(MEMBER).min(1).max(1_024),
})

const MESSAGE = z.strictObject({
  type: z.literal('message'),
  id: key,
  chat: key,
  sender: subject,
  body: checked(parseBody),
  sentAt: time,
  replyTo: key.nullable().default(null),
  messageType: checked(parseType).nullable().default(null),
  data: dataOf('message'),
})

const RECORD = z.discriminatedUnion('type', [USER, CHAT, MESSAGE], {
  error: 'must be user, chat or message',
})

/** Parses one line. Returns the problem as a text if it is not a record. */
export function parseRecord(line: string): ImportRecord | string {
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch {
    return 'is not JSON'
  }
  const { success, data, error } = RECORD.safeParse(json)
  if (success) return data
  const [issue] = error.issues
  const path = issue?.path.join('.') ?? ''
  const problem = issue?.message ?? 'is not a record'
  // The rules of the API name the field themselves.
  return path === '' || problem.startsWith(`${path} `) ? problem : `${path}: ${problem}`
}

import { InvalidArgumentError } from 'commander'
import { isTokenId } from '../auth/claims.ts'
import { WEBHOOK_TYPES, type WebhookType } from '../followers/webhooks/webhook.ts'
import { type ChatId, isSubject, MAX_SEQ, type MessageId, parseGlobalId } from '../ids.ts'
import { parseServerKey, SCOPES, type Scope } from '../keys/server-key.ts'
import { durationS, nearest } from '../lib/text.ts'
import { SERVICE_LEVELS, type ServiceLevel } from '../overload/levels.ts'

const MAX_DURATION_S = 3_650 * 86_400

/** Parses `90s`, `15m`, `1h` or `30d`, ten years at most, into seconds. */
export function parseDuration(text: string): number {
  const seconds = durationS(text, MAX_DURATION_S)
  if (seconds !== undefined) return seconds
  throw new InvalidArgumentError('Use a time such as 90s, 15m, 1h or 30d, ten years at most.')
}

export function parseSubject(text: string): string {
  if (isSubject(text)) return text
  throw new InvalidArgumentError('Use 1 to 255 characters, without control characters.')
}

/** Rejects a whole token: it would end up in the history of the shell and in the database. */
export function parseTokenId(text: string): string {
  if (/^eyJ[\w-]*\.[\w-]+\.[\w-]*$/.test(text)) {
    throw new InvalidArgumentError('It is a token. Use the id in its claim "jti", or revoke its user.')
  }
  if (isTokenId(text)) return text
  throw new InvalidArgumentError('Use 1 to 255 characters, without control characters.')
}

/** How far the clock of this machine may be behind, in milliseconds. */
const CLOCK_DIFFERENCE_MS = 60_000

/** Parses a moment in ISO 8601 with its time zone. A moment in the future would lock the user out until then. */
export function parsePastInstant(text: string): Date {
  const isComplete = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/.test(text)
  const moment = new Date(isComplete ? text : Number.NaN)
  if (moment.getTime() <= Date.now() + CLOCK_DIFFERENCE_MS) return moment
  throw new InvalidArgumentError('Use a moment in the past such as 2026-11-30T12:00:00Z.')
}

export function parsePicture(text: string): string {
  if (/^https?:$/.test(URL.parse(text)?.protocol ?? '')) return text
  throw new InvalidArgumentError('Use an address that begins with https:// or http://.')
}

/** Rejects an empty value, which is mostly a shell variable that is not set. */
export function parseText(text: string): string {
  if (text !== '') return text
  throw new InvalidArgumentError('It is empty.')
}

const LEVELS: readonly string[] = [...SERVICE_LEVELS.map((level) => level.toLowerCase()), 'auto']

/** Parses a service level in any case; `auto` gives the decision back to the load. */
export function parseLevel(text: string): ServiceLevel | 'auto' {
  const word = text.toLowerCase()
  if (word === 'auto') return 'auto'
  const level = SERVICE_LEVELS.find((each) => each.toLowerCase() === word)
  if (level !== undefined) return level
  const suggestion = nearest(word, LEVELS, () => 3)
  const hint = suggestion === undefined ? '' : ` Did you mean ${suggestion}?`
  throw new InvalidArgumentError(`Use normal, busy, essential or auto.${hint}`)
}

const MAX_KEY_NAME_LENGTH = 64

/** Parses the name of a server key: one line that a table can show. */
export function parseKeyName(text: string): string {
  if (/^[\w.:@/-]+$/.test(text) && text.length <= MAX_KEY_NAME_LENGTH) return text
  throw new InvalidArgumentError(
    `Use 1 to ${MAX_KEY_NAME_LENGTH} letters, digits, "-", "_", ".", ":", "@" or "/".`,
  )
}

/** Parses comma-separated scopes of a server key. */
export function parseScopes(text: string): readonly Scope[] {
  const words = text.split(',').map((word) => word.trim())
  const unknown = words.find((word) => !SCOPES.some((scope) => scope === word))
  if (unknown === undefined) return SCOPES.filter((scope) => words.includes(scope))
  const suggestion = nearest(unknown, SCOPES, () => 3)
  const hint = suggestion === undefined ? '' : ` Did you mean ${suggestion}?`
  throw new InvalidArgumentError(`Use one or more of ${SCOPES.join(', ')}.${hint}`)
}

/** Parses the id of a server key, or takes it from the key itself. */
export function parseKeyId(text: string): string {
  const id = parseServerKey(text)?.id ?? text
  if (/^[0-9a-f]{16}$/.test(id)) return id
  throw new InvalidArgumentError('Use the id that "parley key list" shows, or the key itself.')
}

/** Parses an http or https address. */
export function parseWebAddress(text: string): string {
  const url = URL.parse(text)
  if (url !== null && /^https?:$/.test(url.protocol) && url.username === '') return url.href
  throw new InvalidArgumentError('Use an address that begins with https:// or http://, without a user name.')
}

/** Parses comma-separated types of webhook events. */
export function parseWebhookTypes(text: string): readonly WebhookType[] {
  const words = text.split(',').map((word) => word.trim())
  const unknown = words.find((word) => !WEBHOOK_TYPES.some((type) => type === word))
  if (unknown === undefined) return WEBHOOK_TYPES.filter((type) => words.includes(type))
  const suggestion = nearest(unknown, WEBHOOK_TYPES, () => 3)
  const hint = suggestion === undefined ? '' : ` Did you mean ${suggestion}?`
  throw new InvalidArgumentError(`Use one or more of ${WEBHOOK_TYPES.join(', ')}.${hint}`)
}

/** Parses the global id of a chat. */
export function parseChat(text: string): ChatId {
  const parsed = parseGlobalId(text)
  if (parsed?.type === 'Chat') return parsed.id
  throw new InvalidArgumentError('Use the id of a chat, which begins with chat_.')
}

/** Parses the global id of a message. */
export function parseMessage(text: string): MessageId {
  const parsed = parseGlobalId(text)
  if (parsed?.type === 'Message') return parsed.id
  throw new InvalidArgumentError('Use the id of a message, which begins with message_.')
}

/** Parses how old a message is when it counts as pending, in seconds: a day at most. */
export function parsePendingAfter(text: string): number {
  const seconds = /^\d{1,5}$/.test(text) ? Number(text) : NaN
  if (seconds <= 86_400) return seconds
  throw new InvalidArgumentError('Use a number of seconds from 0 to 86400.')
}

/** Parses a position in a chat log; 0 is before the first event. */
export function parseSeq(text: string): number {
  const seq = /^\d{1,10}$/.test(text) ? Number(text) : NaN
  if (seq <= MAX_SEQ) return seq
  throw new InvalidArgumentError('Use a whole number, 0 or more.')
}

import { hash } from 'node:crypto'
import { badInput } from '../errors.ts'
import type { AttachmentId } from '../ids.ts'
import { canonicalJson } from '../lib/bounded-json.ts'
import { codePoints, looksEmpty } from '../lib/text.ts'
import type { NewMessage } from './new-message.ts'

/** The longest body, in code points. */
export const MAX_BODY_LENGTH = 8_192

/**
 * Returns the body as it is stored: with LF where the text has CRLF.
 *
 * Errors: BAD_USER_INPUT – not 1 to 8,192 characters, nothing visible, or control characters other than newline and
 * tab.
 */
export function parseBody(text: string): string {
  const body = text.replaceAll('\r\n', '\n')
  const length = codePoints(body, MAX_BODY_LENGTH)
  if (length < 1 || length > MAX_BODY_LENGTH) {
    throw badInput(`body must be 1 to ${MAX_BODY_LENGTH} characters long`)
  }
  if (!body.isWellFormed()) throw badInput('body is not valid Unicode: it contains half of a surrogate pair')
  if (/[^\P{Cc}\n\t]/u.test(body)) {
    throw badInput('body contains a control character; only newline and tab are allowed')
  }
  if (looksEmpty(body)) throw badInput('body must contain a visible character')
  return body
}

/** The most attachments of one message. */
export const MAX_ATTACHMENTS = 10

/**
 * Returns the body of a message with attachments, which may have none: then it is empty. Other bodies as `parseBody`.
 */
export function parseCaption(text: string | undefined): string {
  return text === undefined ? '' : parseBody(text)
}

/** Errors: BAD_USER_INPUT – more than 10, or one of them twice. */
export function requireAttachments(ids: readonly AttachmentId[]): void {
  if (ids.length > MAX_ATTACHMENTS) {
    throw badInput(`attachmentIds has more than ${MAX_ATTACHMENTS} items. Send several messages.`)
  }
  if (new Set(ids).size < ids.length) throw badInput('attachmentIds has the same ID twice. Pass each once.')
}

/** Returns a 128-bit digest of the content. It distinguishes a retry from another message with the same key. */
export function fingerprintOf({ body, replyToSeq, attachmentIds, type, data }: Content): Buffer {
  // Messages without attachments, or without type and data, keep the digest that they had before there were any.
  const files = attachmentIds.length === 0 ? [] : [attachmentIds]
  const custom = type === null && data === null ? [] : [{ type, data: data && canonicalJson(data) }]
  const content = [body, replyToSeq, ...files, ...custom]
  return hash('sha256', JSON.stringify(content), 'buffer').subarray(0, 16)
}

type Content = Pick<NewMessage, 'body' | 'replyToSeq' | 'attachmentIds' | 'type' | 'data'>

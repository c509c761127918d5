import type { AppendOutcome } from './append-store.ts'
import type { NewMessage } from './new-message.ts'

/**
 * A batch with each key once. `unique` has the first message of each key. `uniqueIndexes` has, for each message of the
 * batch, the index of its key in `unique`.
 */
export type DeduplicatedBatch = Readonly<{ unique: readonly NewMessage[]; uniqueIndexes: readonly number[] }>

/** Returns the batch with each key once, as the statement needs it. */
export function deduplicateBatch(newMessages: readonly NewMessage[]): DeduplicatedBatch {
  const indexOfKey = new Map<string, number>()
  const unique: NewMessage[] = []
  const uniqueIndexes = newMessages.map((newMessage) => {
    const key = JSON.stringify([newMessage.chatId, newMessage.senderId, newMessage.clientMessageId])
    const known = indexOfKey.get(key)
    if (known !== undefined) return known
    indexOfKey.set(key, unique.length)
    return unique.push(newMessage) - 1
  })
  return { unique, uniqueIndexes }
}

/**
 * Splits a batch into what one statement or transaction stores, in order: several messages without attachments, or one
 * message with some.
 */
export function splitAtAttachments(newMessages: readonly NewMessage[]): readonly (readonly NewMessage[])[] {
  const parts: NewMessage[][] = []
  let previous: NewMessage | undefined
  for (const newMessage of newMessages) {
    const part = parts.at(-1)
    const isApart = hasAttachments(previous) || hasAttachments(newMessage)
    if (part === undefined || isApart) parts.push([newMessage])
    else part.push(newMessage)
    previous = newMessage
  }
  return parts
}

export function hasAttachments(newMessage: NewMessage | undefined): boolean {
  return newMessage !== undefined && newMessage.attachmentIds.length > 0
}

/** Returns the outcome of each message of the batch, from the outcomes of the unique ones. */
export function expandOutcomes(
  newMessages: readonly NewMessage[],
  { unique, uniqueIndexes }: DeduplicatedBatch,
  outcomes: readonly AppendOutcome[],
): AppendOutcome[] {
  return newMessages.map((newMessage, index) => {
    const shared = uniqueIndexes[index] ?? -1
    const [first, outcome] = [unique[shared], outcomes[shared]]
    if (first === undefined || outcome === undefined) throw new Error('A message of the batch has no outcome')
    return newMessage === first ? outcome : toDuplicate(newMessage, first, outcome)
  })
}

/**
 * Returns the outcome of a later message with the key of `first`. A missing reply target or upload says nothing
 * about a message with other content, so that message is retried.
 */
function toDuplicate(newMessage: NewMessage, first: NewMessage, outcome: AppendOutcome): AppendOutcome {
  if (outcome.type === 'stored') {
    return { type: 'duplicate', seq: outcome.seq, fingerprint: first.fingerprint, ageMs: 0 }
  }
  const isAboutContent = outcome.type === 'no-such-reply-target' || outcome.type === 'unusable-attachments'
  return isAboutContent && !newMessage.fingerprint.equals(first.fingerprint) ? { type: 'retry' } : outcome
}

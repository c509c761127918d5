import type { AppendOutcome, NewMessage } from './message-log.ts'

/** Drafts of one batch, each key once: what the statement gets, and whose outcome each draft shares. */
export type DeduplicatedBatch = Readonly<{ unique: readonly NewMessage[]; sharedWith: readonly number[] }>

/** Folds drafts that repeat a key of the same batch into the first of them. */
export function deduplicateBatch(drafts: readonly NewMessage[]): DeduplicatedBatch {
  const indexOfKey = new Map<string, number>()
  const unique: NewMessage[] = []
  const sharedWith = drafts.map((draft) => {
    const key = JSON.stringify([draft.chatId, draft.senderId, draft.clientMessageId])
    const known = indexOfKey.get(key)
    if (known !== undefined) return known
    indexOfKey.set(key, unique.length)
    return unique.push(draft) - 1
  })
  return { unique, sharedWith }
}

/** The outcome of each draft of the batch, from those of the unique ones. */
export function expandOutcomes(
  drafts: readonly NewMessage[],
  { unique, sharedWith }: DeduplicatedBatch,
  outcomes: readonly AppendOutcome[],
): AppendOutcome[] {
  return drafts.map((draft, index) => {
    const shared = sharedWith[index] ?? -1
    const [first, outcome] = [unique[shared], outcomes[shared]]
    if (first === undefined || outcome === undefined) throw new Error('A draft of the batch has no outcome')
    return draft === first ? outcome : toDuplicate(draft, first, outcome)
  })
}

/** How the outcome of the first draft of a key reads for a later one. What another draft lacked, this one may have. */
function toDuplicate(draft: NewMessage, first: NewMessage, outcome: AppendOutcome): AppendOutcome {
  if (outcome.type === 'stored') {
    return { type: 'duplicate', seq: outcome.seq, fingerprint: first.fingerprint, ageMs: 0 }
  }
  const isAboutContent = outcome.type === 'no-such-reply-target'
  return isAboutContent && !draft.fingerprint.equals(first.fingerprint) ? { type: 'retry' } : outcome
}

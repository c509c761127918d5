import type { ChatId, Seq, UserId } from '../ids.ts'

/** A message that is not in the log yet. Its order within a batch is its order in the chat. */
export type NewMessage = Readonly<{
  chatId: ChatId
  senderId: UserId
  clientMessageId: string
  body: string
  fingerprint: Buffer
  replyToSeq: Seq | null
}>

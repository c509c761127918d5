import type { Message } from '@parley/client'
import { type ReactNode, useState } from 'react'
import { bodyText } from '../chats/preview.ts'

/** Reads out messages of others as they come. Messages that scrolling brings into view are not read out. */
export function Announcer({
  messages,
  viewerId,
}: Readonly<{ messages: readonly Message[]; viewerId: string | undefined }>): ReactNode {
  const newest = messages.findLast(({ sender, seq }) => seq !== undefined && sender.id !== viewerId)
  const seq = newest?.seq ?? 0
  // Messages that are there when the chat opens are not new.
  const [known, setKnown] = useState<number>()
  if (known === undefined && messages.length > 0) setKnown(seq)
  const isNew = newest !== undefined && known !== undefined && seq > known
  return (
    <div className="visually-hidden" role="log" aria-live="polite">
      {isNew && <p key={seq}>{announced(newest)}</p>}
    </div>
  )
}

function announced(message: Message): string {
  const text = bodyText(message)
  return message.kind === 'SYSTEM' ? text : `${message.sender.name}: ${text}`
}

import type { ReactNode } from 'react'
import type { MessageActions } from './actions.ts'
import { bodyText } from '../chats/preview.ts'
import { eventText } from './event-text.ts'
import { DayLine, EventLine, UnreadLine } from './lines.tsx'
import { MessageRow } from './message-row.tsx'
import type { Row } from './timeline.ts'

type Props = Readonly<{
  row: Row
  viewerId: string | undefined
  isGroup: boolean
  flashing: string | undefined
  isTabStop: boolean
  isMember: boolean
  actions: MessageActions
}>

/** A message, or a line between messages. */
export function TimelineRow({
  row,
  viewerId,
  isGroup,
  flashing,
  isTabStop,
  isMember,
  actions,
}: Props): ReactNode {
  if (row.type === 'day') return <DayLine date={row.date} />
  if (row.type === 'unread') return <UnreadLine />
  if (row.type === 'event') return <EventLine text={eventText(row.events, viewerId)} />
  if (row.type === 'system') return <EventLine text={bodyText(row.message)} />
  return (
    <MessageRow
      message={row.message}
      viewerId={viewerId}
      isOwn={row.isOwn}
      isGroup={isGroup}
      isFirst={row.isFirst}
      isLast={row.isLast}
      isFlashing={flashing !== undefined && flashing === row.message.id}
      isTabStop={isTabStop}
      isMember={isMember}
      actions={actions}
    />
  )
}

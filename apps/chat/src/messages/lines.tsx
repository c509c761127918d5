import type { ReactNode } from 'react'
import { useMinute } from '../lib/clock.ts'
import { dayName } from '../lib/times.ts'
import { Icon } from '../ui/icon.tsx'

/** Separates days. */
export function DayLine({ date }: Readonly<{ date: Date }>): ReactNode {
  const now = new Date(useMinute())
  return (
    <div role="listitem" className="day-line">
      <span>{dayName(date, now)}</span>
    </div>
  )
}

/** Above the first unread message. */
export function UnreadLine(): ReactNode {
  return (
    <div role="listitem" className="unread-line">
      <span>New messages</span>
    </div>
  )
}

/** An event of the group. */
export function EventLine({ text }: Readonly<{ text: string }>): ReactNode {
  return (
    <div role="listitem" className="event-line">
      <bdi>{text}</bdi>
    </div>
  )
}

/** A chat without messages. */
export function EmptyChat({ title }: Readonly<{ title: string }>): ReactNode {
  return (
    <div className="empty-chat">
      <span className="no-chat-picture">
        <Icon name="smile" size={34} />
      </span>
      <p>
        No messages yet. Say hello to <bdi>{title}</bdi>.
      </p>
    </div>
  )
}

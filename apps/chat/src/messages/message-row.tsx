import type { Message } from '@parley/client'
import { memo, type ReactNode } from 'react'
import { bodyText } from '../chats/preview.ts'
import { clockTime } from '../lib/times.ts'
import { Avatar, colorOf } from '../ui/avatar.tsx'
import { Icon } from '../ui/icon.tsx'
import type { MessageActions } from './actions.ts'
import { Expiry } from './expiry.tsx'
import { Failure } from './failure.tsx'
import { Quote } from './quote.tsx'
import { Reactions } from './reactions.tsx'
import { Ticks } from './ticks.tsx'

type Props = Readonly<{
  message: Message
  viewerId: string | undefined
  isOwn: boolean
  isGroup: boolean
  isFirst: boolean
  isLast: boolean
  isFlashing: boolean
  /** The one row of the list that the Tab key reaches. */
  isTabStop: boolean
  actions: MessageActions
}>

/** A message: the bubble, and what belongs to it. */
export const MessageRow = memo(function MessageRow(props: Props): ReactNode {
  const { message, isOwn, isGroup, isFirst, isLast, isFlashing, isTabStop, actions } = props
  const { sender } = message
  const key = `${sender.id} ${message.clientMessageId}`
  return (
    <div
      role="listitem"
      className="message"
      data-key={key}
      data-own={isOwn}
      data-first={isFirst}
      data-last={isLast}
      data-flashing={isFlashing}
      tabIndex={isTabStop ? 0 : -1}
      onContextMenu={(event) => actions.openMenu(event, message)}
    >
      {isGroup && !isOwn && (
        <span className="message-avatar">
          {isLast && <Avatar id={sender.id} name={sender.name} pictureUrl={sender.avatarUrl} size="tiny" />}
        </span>
      )}
      <div className="message-column">
        <Bubble {...props} />
        <Reactions message={message} viewerId={props.viewerId} actions={actions} />
        {message.status === 'failed' && <Failure message={message} actions={actions} />}
      </div>
      {message.body !== null && message.id !== undefined && (
        <button
          type="button"
          className="message-more"
          aria-label="Message actions"
          tabIndex={-1}
          onClick={(event) => actions.openMenu(event, message)}
        >
          <Icon name="smile" size={18} />
        </button>
      )}
    </div>
  )
})

function Bubble({ message, isOwn, isGroup, isFirst, actions }: Props): ReactNode {
  const { sender, body, replyTo, editedAt, expiresAt, sentAt, status } = message
  const isGone = body === null
  return (
    <div className={`bubble ${isGone ? 'bubble-gone' : ''}`}>
      <span
        className={
          isGroup && !isOwn && isFirst ? `sender sender-color-${colorOf(sender.id)}` : 'visually-hidden'
        }
      >
        <bdi>{isOwn ? 'You' : sender.name}</bdi>
        <span className="visually-hidden">:</span>
      </span>
      {replyTo !== null && !isGone && <Quote quote={replyTo} actions={actions} />}
      <span className="bubble-text" dir="auto">
        {bodyText(message)}
      </span>
      <span className="meta">
        {expiresAt !== null && !isGone && <Expiry at={expiresAt} />}
        {editedAt !== null && !isGone && <span>edited</span>}
        <time dateTime={sentAt.toISOString()}>{clockTime(sentAt)}</time>
        {isOwn && !isGone && <Ticks status={status} />}
      </span>
    </div>
  )
}

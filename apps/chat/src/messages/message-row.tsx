import type { Message } from '@parley/client'
import { memo, type MouseEvent, type ReactNode, useState } from 'react'
import { bodyText, isGone } from '../chats/preview.ts'
import { Attachments } from '../files/attachments.tsx'
import { isVisual } from '../files/labels.ts'
import { clockTime } from '../lib/times.ts'
import { Avatar, colorOf } from '../ui/avatar.tsx'
import { Icon } from '../ui/icon.tsx'
import type { MessageActions } from './actions.ts'
import { Expiry } from './expiry.tsx'
import { Failure } from './failure.tsx'
import { largeEmoji, MessageText } from './message-text.tsx'
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
  isMember: boolean
  /** The one row of the list that the Tab key reaches. */
  isTabStop: boolean
  actions: MessageActions
}>

/** A message: the bubble, and what belongs to it. */
export const MessageRow = memo(function MessageRow(props: Props): ReactNode {
  const { message, isOwn, isGroup, isFirst, isLast, isFlashing, isTabStop, actions } = props
  const { sender } = message
  const key = `${sender.id} ${message.clientMessageId}`
  // The shortcuts are a third of a row's elements, and most rows only scroll past.
  const [isNear, setIsNear] = useState(false)
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
      data-group={isGroup}
      onPointerEnter={() => setIsNear(true)}
      onFocus={() => setIsNear(true)}
      onContextMenu={(event) => actions.openMenu(event, message)}
      onClick={(event) => {
        if (isTouch(event)) actions.openMenu(event, message)
      }}
    >
      <div className="message-column">
        <div className="message-line">
          {isGroup && !isOwn && isLast && (
            <span className="message-avatar">
              <Avatar id={sender.id} name={sender.name} pictureUrl={sender.avatarUrl} size="tiny" />
            </span>
          )}
          <Bubble {...props} />
          {isNear && !isGone(message) && message.id !== undefined && <Shortcuts {...props} />}
        </div>
        <Reactions message={message} viewerId={props.viewerId} isTabStop={isTabStop} actions={actions} />
        {message.status === 'failed' && (
          <Failure message={message} isMember={props.isMember} isTabStop={isTabStop} actions={actions} />
        )}
      </div>
    </div>
  )
})

/** For the mouse. The keyboard opens all actions with Enter, a finger by touching the message. */
function Shortcuts({ message, isMember, actions }: Props): ReactNode {
  return (
    <div className="shortcuts">
      <button
        type="button"
        className="shortcut message-more"
        aria-label="Message actions"
        title="React and more"
        tabIndex={-1}
        onClick={(event) => actions.openMenu(event, message)}
      >
        <Icon name="smile" size={18} />
      </button>
      {isMember && (
        <button
          type="button"
          className="shortcut"
          aria-label="Reply"
          title="Reply"
          tabIndex={-1}
          onClick={() => actions.reply(message)}
        >
          <Icon name="reply" size={18} />
        </button>
      )}
    </div>
  )
}

function Bubble({ message, isOwn, isGroup, isFirst, isTabStop, actions }: Props): ReactNode {
  const { sender, body, attachments, replyTo, editedAt, expiresAt, sentAt, status } = message
  const isEmpty = isGone(message)
  const large = body === null || attachments.length > 0 || replyTo !== null ? 0 : largeEmoji(body)
  const kinds = [
    isEmpty && 'bubble-gone',
    large > 0 && `bubble-emoji bubble-emoji-${large}`,
    attachments.some(isVisual) && 'bubble-pictures',
    body === null && attachments.length > 0 && attachments.every(isVisual) && 'bubble-bare',
  ]
  return (
    <div className={['bubble', ...kinds].filter(Boolean).join(' ')}>
      <span
        className={
          isGroup && !isOwn && isFirst ? `sender sender-color-${colorOf(sender.id)}` : 'visually-hidden'
        }
      >
        <bdi>{isOwn ? 'You' : sender.name}</bdi>
        <span className="visually-hidden">:</span>
      </span>
      {replyTo !== null && !isEmpty && <Quote quote={replyTo} isTabStop={isTabStop} actions={actions} />}
      {attachments.length > 0 && <Attachments message={message} isTabStop={isTabStop} actions={actions} />}
      {(body !== null || isEmpty) && (
        <span className="bubble-text" dir="auto">
          <MessageText text={bodyText(message)} isTabStop={isTabStop} />
        </span>
      )}
      <span className="meta">
        {expiresAt !== null && !isEmpty && <Expiry at={expiresAt} />}
        {editedAt !== null && !isEmpty && <span>edited</span>}
        <time dateTime={sentAt.toISOString()}>{clockTime(sentAt)}</time>
        {isOwn && !isEmpty && <Ticks status={status} />}
      </span>
    </div>
  )
}

/** Whether a finger touched the message, and neither a button or link of it nor text that is selected. */
function isTouch({ target }: MouseEvent<HTMLElement>): boolean {
  if (!matchMedia('(hover: none)').matches) return false
  const { isCollapsed } = getSelection() ?? { isCollapsed: true }
  return (
    isCollapsed &&
    (target as Element).closest('.bubble') !== null &&
    (target as Element).closest('a, button') === null
  )
}

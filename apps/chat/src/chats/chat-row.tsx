import type { ChatSummary } from '@parley/client'
import { memo, type ReactNode } from 'react'
import { useDraft } from '../composer/drafts.ts'
import { useMinute } from '../lib/clock.ts'
import { shortTime } from '../lib/times.ts'
import { Ticks } from '../messages/ticks.tsx'
import { Avatar, OnlineDot } from '../ui/avatar.tsx'
import { Icon } from '../ui/icon.tsx'
import { MutedMark } from './muted-mark.tsx'
import { previewOf } from './preview.ts'

/** One chat in the list. */
export const ChatRow = memo(function ChatRow({
  chat,
  viewerId,
  isOpen,
  isTabStop,
  onOpen,
  onFocus,
}: Readonly<{
  chat: ChatSummary
  viewerId: string | undefined
  isOpen: boolean
  /** The one row of the list that the Tab key reaches. */
  isTabStop: boolean
  onOpen(chatId: string): void
  onFocus(chatId: string): void
}>): ReactNode {
  const draft = useDraft(chat.id)
  const now = new Date(useMinute())
  const { kind, author, text, icon, status } = previewOf(chat, viewerId, isOpen ? '' : draft)
  return (
    <button
      type="button"
      className="chat-row"
      aria-current={isOpen ? 'page' : undefined}
      data-unread={chat.unreadCount > 0}
      data-muted={chat.muting !== null}
      tabIndex={isTabStop ? 0 : -1}
      onClick={() => onOpen(chat.id)}
      onFocus={() => onFocus(chat.id)}
    >
      <Avatar id={chat.otherUser?.id ?? chat.id} name={chat.title} pictureUrl={chat.avatarUrl}>
        {chat.otherUser !== undefined && <OnlineDot userId={chat.otherUser.id} />}
      </Avatar>
      <span className="chat-row-text">
        <span className="chat-row-line">
          <span className="chat-row-title" dir="auto">
            {chat.title}
          </span>
          {chat.kind === 'GROUP' && (
            <span className="chat-row-group">
              <Icon name="group" size={15} />
              <span className="visually-hidden">Group</span>
            </span>
          )}
          <time className="chat-row-time" dateTime={chat.lastActivityAt.toISOString()}>
            {shortTime(chat.lastActivityAt, now)}
          </time>
        </span>
        <span className="chat-row-line">
          <span className={`chat-row-preview chat-row-${kind}`}>
            {status !== undefined && <Ticks status={status} />}
            <span className="chat-row-words" dir="auto">
              {author !== undefined && (
                <>
                  <bdi className="chat-row-author">{author}:</bdi>{' '}
                </>
              )}
              {icon !== undefined && <Icon name={icon} size={16} />}
              {text}
            </span>
          </span>
          {kind !== 'failed' && chat.newestUnsent?.status === 'failed' && (
            <span className="chat-row-problem">
              <Icon name="warning" size={16} />
              <span className="visually-hidden">A message was not sent</span>
            </span>
          )}
          {chat.muting !== null && <MutedMark />}
          {chat.unreadCount > 0 && (
            <span className="badge">
              {chat.unreadCount}
              <span className="visually-hidden"> unread</span>
            </span>
          )}
        </span>
      </span>
    </button>
  )
})

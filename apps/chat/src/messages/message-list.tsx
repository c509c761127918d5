import type { Message } from '@parley/client'
import type { UseChat } from '@parley/react'
import { type ReactNode, useMemo, useState } from 'react'
import { Virtualizer } from 'virtua'
import type { Draft } from '../composer/drafts.ts'
import { later } from '../lib/later.tsx'
import { attempt, notify } from '../lib/notices.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { Announcer } from './announcer.tsx'
import { EmptyChat } from './lines.tsx'
import { MessageMenu, type OpenMenu } from './message-menu.tsx'
import { type Row, toRows } from './timeline.ts'
import { TimelineRow } from './timeline-row.tsx'
import { useGroupEvents } from './use-group-events.ts'
import { useJump } from './use-jump.ts'
import { useMessageActions } from './use-message-actions.ts'
import { useOpening } from './use-opening.ts'
import { seenSeq, useReading, useUnreadAtOpen } from './use-reading.ts'
import { useRowFocus } from './use-row-focus.ts'
import { useScroll } from './use-scroll.ts'

/** It is there, closed, with the conversation: so it opens at once, also without a connection. */
const Gallery = later((parts) => parts.Gallery)

/** The conversation. */
export function MessageList({
  chat,
  viewerId,
  onTarget,
}: Readonly<{
  chat: UseChat
  viewerId: string | undefined
  onTarget(target: Draft['target']): void
}>): ReactNode {
  const unread = useUnreadAtOpen(chat, viewerId)
  const { messages } = chat
  const events = useGroupEvents(chat.id)
  const rows = useMemo(() => toRows(messages, events, viewerId, unread), [messages, events, viewerId, unread])
  const scroll = useScroll({ rows, hasOlder: chat.hasOlder && chat.isLoaded, loadOlder: chat.loadOlder })
  const jump = useJump(chat, rows, scroll)
  const focus = useRowFocus(rows, scroll.list)
  const [menu, setMenu] = useState<OpenMenu>()
  const [shownKey, setShownKey] = useState<string>()
  const actions = useMessageActions(chat, jump.to, setMenu, onTarget, setShownKey)
  const isOpen = useOpening(chat, rows, unread, scroll)
  useReading(chat, isOpen ? (scroll.isAtEnd ? chat.headSeq : seenSeq(rows, scroll.seenIndex)) : 0)

  return (
    <div className="messages-place">
      <div
        ref={scroll.scroller}
        className="messages"
        role="list"
        aria-label="Messages"
        onKeyDown={focus.onKeyDown}
        onFocus={focus.onFocus}
      >
        <div className="messages-fill" aria-hidden="true" />
        <Virtualizer
          ref={scroll.list}
          scrollRef={scroll.scroller}
          shift={scroll.isPrepended}
          onScroll={scroll.onScroll}
          keepMounted={focus.keepMounted}
          data={rows}
        >
          {(row: Row, index) => (
            <TimelineRow
              key={row.key}
              row={row}
              viewerId={viewerId}
              isGroup={chat.kind === 'GROUP'}
              flashing={jump.flashing}
              isTabStop={index === focus.tabStop}
              isMember={chat.isMember}
              actions={actions}
            />
          )}
        </Virtualizer>
      </div>
      {chat.isLoaded && rows.length === 0 && <EmptyChat title={chat.title} />}
      {!scroll.isAtEnd && (
        <div className="to-end">
          <IconButton
            icon="down"
            label={chat.unreadCount > 0 ? `To the newest, ${chat.unreadCount} unread` : 'To the newest'}
            onPress={scroll.scrollToEnd}
          />
          {chat.unreadCount > 0 && (
            <span className="badge" aria-hidden="true">
              {chat.unreadCount}
            </span>
          )}
        </div>
      )}
      <Announcer messages={chat.messages} viewerId={viewerId} />
      <Gallery
        messages={messages}
        shownKey={shownKey}
        onShow={setShownKey}
        onClose={() => setShownKey(undefined)}
      />
      {menu !== undefined && (
        <MessageMenu
          menu={menu}
          viewerId={viewerId}
          isMember={chat.isMember}
          onClose={() => setMenu(undefined)}
          onTarget={(target) => {
            setMenu(undefined)
            onTarget(target)
          }}
          onReact={(emoji, present) => {
            setMenu(undefined)
            actions.react(menu.message, emoji, present)
          }}
          onCopy={() => {
            setMenu(undefined)
            attempt(copy(menu.message))
          }}
          onDelete={() => {
            setMenu(undefined)
            if (menu.message.id !== undefined) attempt(chat.remove(menu.message.id))
          }}
        />
      )}
    </div>
  )
}

async function copy({ body }: Message): Promise<void> {
  await navigator.clipboard.writeText(body ?? '')
  notify('Copied.')
}

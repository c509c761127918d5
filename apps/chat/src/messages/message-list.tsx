import type { Message } from '@parley/client'
import type { UseChat } from '@parley/react'
import { type ReactNode, useMemo, useState } from 'react'
import { Virtualizer } from 'virtua'
import type { Draft } from '../composer/drafts.ts'
import { attempt, notify } from '../lib/notices.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import type { MessageActions } from './actions.ts'
import { Announcer } from './announcer.tsx'
import { DayLine, EmptyChat, UnreadLine } from './lines.tsx'
import { MessageMenu, type OpenMenu } from './message-menu.tsx'
import { MessageRow } from './message-row.tsx'
import { type Row, toRows } from './timeline.ts'
import { useJump } from './use-jump.ts'
import { useReading, useUnreadAtOpen } from './use-reading.ts'
import { useRowFocus } from './use-row-focus.ts'
import { useScroll } from './use-scroll.ts'

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
  const rows = useMemo(() => toRows(chat.messages, viewerId, unread), [chat.messages, viewerId, unread])
  const scroll = useScroll({ rows, hasOlder: chat.hasOlder && chat.isLoaded, loadOlder: chat.loadOlder })
  const jump = useJump(chat, rows, scroll)
  const focus = useRowFocus(rows, scroll.list)
  const [menu, setMenu] = useState<OpenMenu>()
  const actions = useMessageActions(chat, jump.to, setMenu)
  useReading(chat, scroll.isAtEnd)

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
              actions={actions}
            />
          )}
        </Virtualizer>
      </div>
      {chat.isLoaded && rows.length === 0 && <EmptyChat title={chat.title} />}
      {!scroll.isAtEnd && (
        <IconButton
          icon="down"
          label={chat.unreadCount > 0 ? `To the newest, ${chat.unreadCount} unread` : 'To the newest'}
          className="to-end"
          data-unread={chat.unreadCount > 0}
          onPress={scroll.scrollToEnd}
        />
      )}
      <Announcer messages={chat.messages} viewerId={viewerId} />
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

type RowProps = Readonly<{
  row: Row
  viewerId: string | undefined
  isGroup: boolean
  flashing: string | undefined
  isTabStop: boolean
  actions: MessageActions
}>

function TimelineRow({ row, viewerId, isGroup, flashing, isTabStop, actions }: RowProps): ReactNode {
  if (row.type === 'day') return <DayLine date={row.date} />
  if (row.type === 'unread') return <UnreadLine />
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
      actions={actions}
    />
  )
}

/** The same object for all renders of one chat. */
function useMessageActions(
  { react, retry, discard }: UseChat,
  jumpTo: (messageId: string) => void,
  setMenu: (menu: OpenMenu) => void,
): MessageActions {
  return useMemo(
    () => ({
      openMenu(event, message) {
        if (message.body === null || message.id === undefined) return
        event.preventDefault()
        setMenu({ message, anchor: event.currentTarget })
      },
      react(message, emoji, present) {
        if (message.id !== undefined) attempt(react(message.id, emoji, present))
      },
      jumpTo,
      retry: ({ clientMessageId }) => retry(clientMessageId),
      discard: ({ clientMessageId }) => discard(clientMessageId),
    }),
    [react, retry, discard, jumpTo, setMenu],
  )
}

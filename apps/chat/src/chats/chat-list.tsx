import type { ChatSummary } from '@parley/client'
import { useChats, useViewer } from '@parley/react'
import { type KeyboardEvent, type ReactNode, useState } from 'react'
import { VList } from 'virtua'
import { later } from '../lib/later.tsx'
import { textDirection } from '../lib/text-direction.ts'
import { openChat } from '../messenger/route.ts'
import { Settings } from '../messenger/settings.tsx'
import { Avatar } from '../ui/avatar.tsx'
import { Icon } from '../ui/icon.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { ChatRow } from './chat-row.tsx'
import { filterChats } from './filter.ts'

const NewChat = later((parts) => parts.NewChat)

/** All chats of the viewer, the most recently active first. */
export function ChatList({ openChatId }: Readonly<{ openChatId: string | undefined }>): ReactNode {
  const [text, setText] = useState('')
  const all = useChats()
  const viewer = useViewer()
  const chats = filterChats(all, text)
  return (
    <nav className="sidebar" aria-label="Chats">
      <SidebarHeader />
      <div className="search" role="search">
        <Icon name="search" size={18} />
        <input
          type="search"
          className="search-input"
          aria-label="Search chats"
          placeholder="Search chats"
          dir={textDirection(text)}
          value={text}
          onChange={({ target }) => setText(target.value)}
          onKeyDown={({ key }) => {
            if (key === 'Escape') setText('')
          }}
        />
      </div>
      {chats.length === 0 ? (
        <p className="chat-list-empty">{all.length === 0 ? 'Your chats appear here.' : 'No chat matches.'}</p>
      ) : (
        <Rows chats={chats} viewerId={viewer?.id} openChatId={openChatId} />
      )}
    </nav>
  )
}

function SidebarHeader(): ReactNode {
  const viewer = useViewer()
  const [isNew, setIsNew] = useState(false)
  return (
    <header className="sidebar-header">
      {viewer !== undefined && (
        <Avatar id={viewer.id} name={viewer.name} pictureUrl={viewer.avatarUrl} size="small" />
      )}
      <h1 className="sidebar-title">
        <bdi>{viewer?.name ?? 'Parley'}</bdi>
      </h1>
      <Settings />
      <IconButton icon="compose" label="New chat" onPress={() => setIsNew(true)} />
      <NewChat isOpen={isNew} onClose={() => setIsNew(false)} />
    </header>
  )
}

type RowsProps = Readonly<{
  chats: readonly ChatSummary[]
  viewerId: string | undefined
  openChatId: string | undefined
}>

/**
 * One stop of the Tab key: the row that had the focus last, the open chat or the first. The arrow keys move between
 * rows.
 */
function Rows({ chats, viewerId, openChatId }: RowsProps): ReactNode {
  const [focusedId, setFocusedId] = useState<string>()
  const indexOf = (chatId: string | undefined): number => chats.findIndex(({ id }) => id === chatId)
  const tabStop = [indexOf(focusedId), indexOf(openChatId), 0].find((index) => index >= 0)

  function onKeyDown(event: KeyboardEvent<HTMLElement>): void {
    const rows = [...event.currentTarget.querySelectorAll<HTMLElement>('.chat-row')]
    const next = STEPS[event.key]?.(rows.indexOf(document.activeElement as HTMLElement))
    if (next === undefined) return
    event.preventDefault()
    rows[next]?.focus()
  }

  return (
    <div className="chat-list" onKeyDown={onKeyDown}>
      <VList className="chat-list-rows" keepMounted={tabStop === undefined ? [] : [tabStop]}>
        {chats.map((chat, index) => (
          <ChatRow
            key={chat.id}
            chat={chat}
            viewerId={viewerId}
            isOpen={chat.id === openChatId}
            isTabStop={index === tabStop}
            onOpen={openChat}
            onFocus={setFocusedId}
          />
        ))}
      </VList>
    </div>
  )
}

const STEPS: Readonly<Record<string, (index: number) => number>> = {
  ArrowDown: (index) => index + 1,
  ArrowUp: (index) => index - 1,
}

import { useChats, useViewer } from '@parley/react'
import { type KeyboardEvent, type ReactNode, useRef, useState } from 'react'
import { Input } from 'react-aria-components/Input'
import { SearchField } from 'react-aria-components/SearchField'
import { VList, type VListHandle } from 'virtua'
import { openChat } from '../messenger/route.ts'
import { Settings } from '../messenger/settings.tsx'
import { Avatar } from '../ui/avatar.tsx'
import { Icon } from '../ui/icon.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { ChatRow } from './chat-row.tsx'
import { filterChats } from './filter.ts'
import { NewChat } from './new-chat.tsx'

/** All chats of the viewer, the most recently active first. */
export function ChatList({ openChatId }: Readonly<{ openChatId: string | undefined }>): ReactNode {
  const [text, setText] = useState('')
  const all = useChats()
  const viewer = useViewer()
  const chats = filterChats(all, text)
  return (
    <nav className="sidebar" aria-label="Chats">
      <SidebarHeader />
      <SearchField className="search" aria-label="Search chats" value={text} onChange={setText}>
        <Icon name="search" size={18} />
        <Input className="search-input" placeholder="Search chats" dir="auto" />
      </SearchField>
      {chats.length === 0 ? (
        <p className="chat-list-empty">
          {all.length === 0 ? 'No chats yet. Start one with the pen above.' : 'No chat matches.'}
        </p>
      ) : (
        <Rows>
          {chats.map((chat) => (
            <ChatRow
              key={chat.id}
              chat={chat}
              viewerId={viewer?.id}
              isOpen={chat.id === openChatId}
              onOpen={openChat}
            />
          ))}
        </Rows>
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

/** The arrow keys move between the rows. */
function Rows({ children }: Readonly<{ children: ReactNode[] }>): ReactNode {
  const list = useRef<VListHandle>(null)
  function onKeyDown(event: KeyboardEvent<HTMLElement>): void {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (step === 0) return
    event.preventDefault()
    const rows = [...event.currentTarget.querySelectorAll<HTMLElement>('.chat-row')]
    const index = rows.indexOf(document.activeElement as HTMLElement)
    rows[index + step]?.focus()
  }
  return (
    <div className="chat-list" onKeyDown={onKeyDown}>
      <VList ref={list} className="chat-list-rows">
        {children}
      </VList>
    </div>
  )
}

import type { ChatState } from '@parley/client'
import { usePresence } from '@parley/react'
import type { ReactNode } from 'react'
import { Button } from '../ui/button.tsx'
import { useMinute } from '../lib/clock.ts'
import { lastSeen } from '../lib/times.ts'
import { closeChat } from '../messenger/route.ts'
import { Avatar, OnlineDot } from '../ui/avatar.tsx'
import { Icon } from '../ui/icon.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { MutedMark } from './muted-mark.tsx'
import { typingText } from './preview.ts'

/** The title of the chat, and the presence of its members. */
export function ChatHeader({ chat, onInfo }: Readonly<{ chat: ChatState; onInfo(): void }>): ReactNode {
  const { otherUser } = chat
  return (
    <header className="chat-header">
      <h1 className="visually-hidden">{chat.title}</h1>
      <IconButton icon="back" label="Back to the chats" className="chat-back" onPress={closeChat} />
      <Button className="chat-header-button" onPress={onInfo}>
        <Avatar id={otherUser?.id ?? chat.id} name={chat.title} pictureUrl={chat.avatarUrl} size="small">
          {otherUser !== undefined && <OnlineDot userId={otherUser.id} />}
        </Avatar>
        <span className="chat-header-text">
          <span className="visually-hidden">About </span>
          <span className="chat-header-title">
            <bdi>{chat.title}</bdi>
          </span>
          <Subtitle chat={chat} />
        </span>
        {chat.muting !== null && <MutedMark />}
        {chat.messageTtlSeconds !== null && <Icon name="timer" size={18} />}
      </Button>
    </header>
  )
}

function Subtitle({ chat }: Readonly<{ chat: ChatState }>): ReactNode {
  if (chat.typing.length > 0)
    return (
      <span className="chat-subtitle is-typing">
        <bdi>{typingText(chat)}</bdi>
      </span>
    )
  if (chat.otherUser !== undefined) return <PresenceText userId={chat.otherUser.id} />
  if (!chat.isMember) return <span className="chat-subtitle">You are no longer a member</span>
  const count = chat.memberCount
  if (count === 0) return null
  return (
    <span className="chat-subtitle">
      <bdi>{`${count} member${count === 1 ? '' : 's'}`}</bdi>
    </span>
  )
}

/** "online" or when the user was last seen. Nothing if that is not known. */
export function PresenceText({ userId }: Readonly<{ userId: string }>): ReactNode {
  const presence = usePresence(userId)
  const now = new Date(useMinute())
  if (presence.type === 'online') return <span className="chat-subtitle is-online">online</span>
  if (presence.type === 'unknown' || presence.lastSeenAt === null) return null
  return (
    <span className="chat-subtitle">
      <bdi>{lastSeen(presence.lastSeenAt, now)}</bdi>
    </span>
  )
}

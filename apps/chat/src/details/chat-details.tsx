import type { UseChat } from '@parley/react'
import type { ReactNode } from 'react'
import { PresenceText } from '../chats/chat-header.tsx'
import { Avatar } from '../ui/avatar.tsx'
import { Sheet } from '../ui/sheet.tsx'
import { AddPeople } from './add-people.tsx'
import { LeaveGroup } from './leave-group.tsx'
import { Lifetime } from './lifetime.tsx'
import { Members } from './members.tsx'
import { Muting } from './muting.tsx'
import { Rename } from './rename.tsx'

/** About the chat: its members, the lifetime of its messages, and what the viewer may change. */
export function ChatDetails({
  chat,
  viewerId,
  isOpen,
  onClose,
}: Readonly<{ chat: UseChat; viewerId: string | undefined; isOpen: boolean; onClose(): void }>): ReactNode {
  const isGroup = chat.kind === 'GROUP'
  const role = chat.members.find(({ user }) => user.id === viewerId)?.role
  const canManage = chat.isMember && (!isGroup || role === 'OWNER' || role === 'ADMIN')
  return (
    <Sheet title={isGroup ? 'About the group' : 'About the chat'} isOpen={isOpen} onClose={onClose}>
      <div className="details-head">
        <Avatar
          id={chat.otherUser?.id ?? chat.id}
          name={chat.title}
          pictureUrl={chat.avatarUrl}
          size="large"
        />
        <span className="details-title" dir="auto">
          {chat.title}
        </span>
        {chat.otherUser !== undefined && <PresenceText userId={chat.otherUser.id} />}
      </div>
      {isGroup && canManage && <Rename chat={chat} />}
      {chat.isMember && <Muting chat={chat} />}
      <Lifetime chat={chat} canChange={canManage} />
      {isGroup && <Members chat={chat} viewerId={viewerId} role={role} />}
      {isGroup && canManage && <AddPeople chat={chat} />}
      {isGroup && chat.isMember && <LeaveGroup chat={chat} onLeft={onClose} />}
    </Sheet>
  )
}

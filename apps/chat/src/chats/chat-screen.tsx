import { useChat, useViewer } from '@parley/react'
import { type ReactNode, useState } from 'react'
import { Composer } from '../composer/composer.tsx'
import type { Draft } from '../composer/drafts.ts'
import { ChatDetails } from '../details/chat-details.tsx'
import { MessageList } from '../messages/message-list.tsx'
import { ChatHeader } from './chat-header.tsx'

/** The open chat. */
export function ChatScreen({ chatId }: Readonly<{ chatId: string }>): ReactNode {
  const chat = useChat(chatId)
  const viewer = useViewer()
  const [isInfoOpen, setIsInfoOpen] = useState(false)
  const [target, setTarget] = useState<Draft['target']>()
  return (
    <section className="chat" aria-label={chat.title === '' ? 'Chat' : `Chat: ${chat.title}`}>
      <ChatHeader chat={chat} onInfo={() => setIsInfoOpen(true)} />
      <MessageList chat={chat} viewerId={viewer?.id} onTarget={setTarget} />
      <Composer chat={chat} viewerId={viewer?.id} target={target} onTarget={setTarget} />
      <ChatDetails
        chat={chat}
        viewerId={viewer?.id}
        isOpen={isInfoOpen}
        onClose={() => setIsInfoOpen(false)}
      />
    </section>
  )
}

import { useChat, useViewer } from '@parley/react'
import { type ReactNode, useState } from 'react'
import { Composer } from '../composer/composer.tsx'
import type { Draft } from '../composer/drafts.ts'
import { addDraftFiles } from '../composer/draft-files.ts'
import { DropHint, useDropZone } from '../composer/drop-zone.tsx'
import { later } from '../lib/later.tsx'
import { notify } from '../lib/notices.tsx'
import { MessageList } from '../messages/message-list.tsx'
import { useUploads } from '../session/use-uploads.ts'
import { ChatHeader } from './chat-header.tsx'

/** It is there, closed, with the chat: so it opens at once, also without a connection. */
const ChatDetails = later((parts) => parts.ChatDetails)

/** The open chat. */
export function ChatScreen({ chatId }: Readonly<{ chatId: string }>): ReactNode {
  const chat = useChat(chatId)
  const viewer = useViewer()
  const [isInfoOpen, setIsInfoOpen] = useState(false)
  const [target, setTarget] = useState<Draft['target']>()
  const uploads = useUploads()
  const addFiles = (files: Iterable<File>): void => {
    const problem = addDraftFiles(chatId, files)
    if (problem !== undefined) notify(problem)
    document.querySelector<HTMLElement>('.composer-input')?.focus()
  }
  const drop = useDropZone(uploads === 'on' && chat.isMember ? addFiles : undefined)
  return (
    <section
      className="chat"
      aria-label={chat.title === '' ? 'Chat' : `Chat: ${chat.title}`}
      {...drop.handlers}
    >
      <ChatHeader chat={chat} onInfo={() => setIsInfoOpen(true)} />
      <MessageList chat={chat} viewerId={viewer?.id} onTarget={setTarget} />
      <Composer
        chat={chat}
        viewerId={viewer?.id}
        target={target}
        onTarget={setTarget}
        uploads={uploads}
        onFiles={addFiles}
      />
      {drop.isOver && <DropHint />}
      <ChatDetails
        chat={chat}
        viewerId={viewer?.id}
        isOpen={isInfoOpen}
        onClose={() => setIsInfoOpen(false)}
      />
    </section>
  )
}

import { ParleyProvider, useTotalUnread } from '@parley/react'
import { type ReactNode, useEffect } from 'react'
import { ChatScreen } from '../chats/chat-screen.tsx'
import { ChatList } from '../chats/chat-list.tsx'
import { Notices } from '../lib/notices.tsx'
import { type Session, SessionContext, useSession } from '../session/session.ts'
import { useActivity } from '../session/use-activity.ts'
import { Logo } from '../ui/logo.tsx'
import { Banner } from './banner.tsx'
import { DemoBar } from './demo-bar.tsx'
import { useOpenChatId } from './route.ts'

/** The whole app of one user: the list of chats beside the open chat. A narrow window shows one of them. */
export function Messenger({ session }: Readonly<{ session: Session }>): ReactNode {
  useActivity(session.client)
  return (
    <SessionContext value={session}>
      <ParleyProvider client={session.client}>
        <Layout />
      </ParleyProvider>
    </SessionContext>
  )
}

function Layout(): ReactNode {
  const chatId = useOpenChatId()
  const { network } = useSession()
  useUnreadInTitle()
  return (
    <>
      {network !== undefined && <DemoBar network={network} />}
      <div className="messenger" data-chat-open={chatId !== undefined}>
        <ChatList openChatId={chatId} />
        <main className="main">
          <Banner />
          {chatId === undefined ? <NoChat /> : <ChatScreen key={chatId} chatId={chatId} />}
        </main>
        <Notices />
      </div>
    </>
  )
}

function NoChat(): ReactNode {
  return (
    <div className="no-chat">
      <Logo />
      <h2>Your conversations</h2>
      <p>Choose a chat, or start a new one.</p>
    </div>
  )
}

function useUnreadInTitle(): void {
  const unread = useTotalUnread()
  const { embedder } = useSession()
  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) Parley` : 'Parley'
    embedder?.tellUnread(unread)
  }, [unread, embedder])
}

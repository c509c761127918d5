import { ParleyProvider, useChats, useConnection, useTotalUnread } from '@parley/react'
import { type ReactNode, useEffect, useState } from 'react'
import { Button } from '../ui/button.tsx'
import { ChatScreen } from '../chats/chat-screen.tsx'
import { ChatList } from '../chats/chat-list.tsx'
import { later } from '../lib/later.tsx'
import { Notices } from '../lib/notices.tsx'
import { type Session, SessionContext, useSession } from '../session/session.ts'
import { useActivity } from '../session/use-activity.ts'
import { TokenRefused } from '../start/token-refused.tsx'
import { Logo } from '../ui/logo.tsx'
import { Banner } from './banner.tsx'
import { DemoBar } from './demo-bar.tsx'
import { useOpenChatId } from './route.ts'

const NewChat = later((parts) => parts.NewChat)
const PushOffer = later((parts) => parts.PushOffer)

/** The whole app of one user: the list of chats beside the open chat. A narrow window shows one of them. */
export function Messenger({ session }: Readonly<{ session: Session }>): ReactNode {
  useActivity(session.client)
  useEffect(() => session.notifications.start(), [session])
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
  const connection = useConnection()
  const hasChats = useChats().length > 0
  useUnreadInTitle()
  // With chats of an earlier start to read, the banner is enough.
  if (connection.type === 'signed-out' && !hasChats) return <TokenRefused reason={connection.reason} />
  return (
    <>
      {network !== undefined && <DemoBar network={network} />}
      <div className="messenger" data-chat-open={chatId !== undefined}>
        <ChatList openChatId={chatId} />
        <main className="main">
          <div>
            <Banner />
            <PushOffer />
          </div>
          {chatId === undefined ? (
            <NoChat hasChats={hasChats} />
          ) : (
            <ChatScreen key={chatId} chatId={chatId} />
          )}
        </main>
        <Notices />
      </div>
    </>
  )
}

/** Beside the list while no chat is open. */
function NoChat({ hasChats }: Readonly<{ hasChats: boolean }>): ReactNode {
  const [isNew, setIsNew] = useState(false)
  return (
    <div className="no-chat">
      <Logo />
      <h2>{hasChats ? 'Your conversations' : 'Welcome to Parley'}</h2>
      <p>{hasChats ? 'Choose a chat, or start a new one.' : 'Write to one person, or create a group.'}</p>
      <Button className="button button-primary" onPress={() => setIsNew(true)}>
        Start a conversation
      </Button>
      <NewChat isOpen={isNew} onClose={() => setIsNew(false)} />
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

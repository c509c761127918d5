import { createParleyClient } from '@parley/client'
import { indexedDbStorage } from '@parley/client/indexeddb'
import { ParleyProvider, useChat, useChats, useConnection } from '@parley/react'
import { type ReactNode, type SubmitEvent, useState } from 'react'
import { createRoot } from 'react-dom/client'

// An app gets the address from its configuration, and tokens from its backend.
const { url = 'http://localhost:4000/graphql', token = '' } = Object.fromEntries(
  new URLSearchParams(location.hash.slice(1)),
)
const client = createParleyClient({ url, token, storage: indexedDbStorage() })

function Chats(): ReactNode {
  const [chatId, setChatId] = useState<string>()
  const { type } = useConnection()
  return (
    <main>
      <p role="status">{type}</p>
      <nav>
        {useChats().map(({ id, title, unreadCount }) => (
          <button key={id} onClick={() => setChatId(id)}>
            {title} {unreadCount > 0 && `(${unreadCount})`}
          </button>
        ))}
      </nav>
      {chatId !== undefined && <Chat key={chatId} chatId={chatId} />}
    </main>
  )
}

function Chat({ chatId }: Readonly<{ chatId: string }>): ReactNode {
  const chat = useChat(chatId)
  function submit(event: SubmitEvent<HTMLFormElement>): void {
    event.preventDefault()
    void chat.send({ body: new FormData(event.currentTarget).get('body') as string })
    event.currentTarget.reset()
  }
  return (
    <section onFocus={() => chat.markRead()}>
      {chat.hasOlder && <button onClick={() => void chat.loadOlder()}>Older messages</button>}
      {chat.messages.map(({ clientMessageId, sender, body, status }) => (
        <p key={clientMessageId}>
          {sender.name}: {body ?? '(deleted)'} <small>{status}</small>
        </p>
      ))}
      {chat.typing.length > 0 && <p>typing …</p>}
      <form onSubmit={submit}>
        <input name="body" aria-label="Message" required onInput={() => chat.setTyping(true)} />
      </form>
    </section>
  )
}

createRoot(document.querySelector('#root') as Element).render(
  <ParleyProvider client={client}>
    <Chats />
  </ParleyProvider>,
)

import { createParleyClient } from '@parley/client'
import { indexedDbStorage } from '@parley/client/indexeddb'
import { parleyCacheConfig, parleyExchange } from '@parley/urql'
import { cacheExchange } from '@urql/exchange-graphcache'
import { type ReactNode, type SubmitEvent, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { Client, fetchExchange, gql, Provider, type TypedDocumentNode, useMutation, useQuery } from 'urql'

// An app gets the address from its configuration, and tokens from its backend.
const { url = 'http://localhost:4000/graphql', token = '' } = Object.fromEntries(
  new URLSearchParams(location.hash.slice(1)),
)
const parley = createParleyClient({ url, token, storage: indexedDbStorage() })
parley.start().catch(console.error)
const client = new Client({
  url,
  preferGetMethod: false,
  exchanges: [cacheExchange(parleyCacheConfig), parleyExchange(parley), fetchExchange],
})

type Edges<Node> = { edges: { node: Node }[] }
type User = { id: string; name: string }
type ChatInfo = { id: string; title: string | null; unreadCount: number; members: Edges<{ user: User }> }
const CHATS: TypedDocumentNode<{ viewer: User; chats: Edges<ChatInfo> }> = gql`
  query Chats {
    viewer {
      id
    }
    chats {
      edges {
        node {
          id
          title
          unreadCount
          members {
            edges {
              node {
                user {
                  id
                  name
                }
              }
            }
          }
        }
      }
    }
  }
`

type Message = { id: string; body: string | null; status: string; sender: User }
type Page = { hasPreviousPage: boolean; startCursor: string | null }
type ChatData = { chat: { headSeq: number; messages: Edges<Message> & { pageInfo: Page } } }
const CHAT: TypedDocumentNode<ChatData, { id: string; before: string | null }> = gql`
  query Chat($id: ID!, $before: String) {
    chat(id: $id) {
      id
      headSeq
      messages(last: 30, before: $before) {
        edges {
          node {
            id
            body
            status
            sender {
              name
            }
          }
        }
        pageInfo {
          hasPreviousPage
          startCursor
        }
      }
    }
  }
`

const SEND = gql`
  mutation Send($input: SendMessageInput!) {
    sendMessage(input: $input) {
      message {
        id
      }
    }
  }
`
const MARK_READ = gql`
  mutation MarkRead($input: MarkReadInput!) {
    markRead(input: $input) {
      chat {
        unreadCount
      }
    }
  }
`

function Chats(): ReactNode {
  const [chatId, setChatId] = useState<string>()
  const [{ data }] = useQuery({ query: CHATS })
  return (
    <main>
      <nav>
        {data?.chats.edges.map(({ node: { id, title, unreadCount, members } }) => (
          <button key={id} onClick={() => setChatId(id)}>
            {title ?? members.edges.find(({ node }) => node.user.id !== data.viewer.id)?.node.user.name}{' '}
            {unreadCount > 0 && `(${unreadCount})`}
          </button>
        ))}
      </nav>
      {chatId !== undefined && <Chat key={chatId} chatId={chatId} />}
    </main>
  )
}

function Chat({ chatId }: Readonly<{ chatId: string }>): ReactNode {
  const [before, setBefore] = useState<string | null>(null)
  const [{ data }] = useQuery({ query: CHAT, variables: { id: chatId, before } })
  const [, sendMessage] = useMutation(SEND)
  const [, markRead] = useMutation(MARK_READ)
  if (data === undefined) return <p>Loading …</p>
  const { headSeq, messages } = data.chat
  const { hasPreviousPage, startCursor } = messages.pageInfo
  function submit(event: SubmitEvent<HTMLFormElement>): void {
    event.preventDefault()
    const body = new FormData(event.currentTarget).get('body')
    void sendMessage({ input: { chatId, body, clientMessageId: crypto.randomUUID() } })
    event.currentTarget.reset()
  }
  return (
    <section onFocus={() => void markRead({ input: { chatId, seq: headSeq } })}>
      {hasPreviousPage && <button onClick={() => setBefore(startCursor)}>Older messages</button>}
      {messages.edges.map(({ node: { id, sender, body, status } }) => (
        <p key={id}>
          {sender.name}: {body ?? '(deleted)'} <small>{status.toLowerCase()}</small>
        </p>
      ))}
      <form onSubmit={submit}>
        <input name="body" aria-label="Message" required />
      </form>
    </section>
  )
}

createRoot(document.querySelector('#root') as Element).render(
  <Provider value={client}>
    <Chats />
  </Provider>,
)

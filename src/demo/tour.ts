/** A GraphiQL tab. Variables and headers are JSON. */
export type Tab = Readonly<{ query: string; variables: string; headers: string }>

type Cast = Readonly<{
  alice: string
  bob: string
  /** Their direct chat. */
  chatId: string
}>

/** A chat in six tabs, to be run from left to right: each is signed in as the person that its comment names. */
export function tourTabs({ alice, bob, chatId }: Cast): readonly Tab[] {
  return [
    tab(alice, WHO_AM_I, {}),
    tab(alice, START_A_CHAT, { userId: 'user_bob' }),
    tab(bob, INBOX, { deviceId: 'graphiql' }),
    tab(alice, SEND, { chatId, clientMessageId: 'tour-1', body: 'Hello Bob!' }),
    tab(bob, MARK_READ, { chatId, seq: 1 }),
    tab(alice, HISTORY, { chatId }),
  ]
}

function tab(token: string, query: string, variables: object): Tab {
  const headers = JSON.stringify({ authorization: `Bearer ${token}` }, null, 2)
  return { query: query.trimStart(), variables: JSON.stringify(variables, null, 2), headers }
}

const WHO_AM_I = `
# 1 · Alice: who am I? Each tab is signed in by its Headers, below. Press play, then take the next tab.
query WhoAmI {
  viewer { id name }
  chats(first: 10) { edges { node { id unreadCount lastMessage { body } } } }
}
`

const START_A_CHAT = `
# 2 · Alice starts a chat with Bob. However often you press play, it is the same chat.
mutation StartAChat($userId: ID!) {
  startDirectChat(input: { userId: $userId }) {
    chat { id headSeq members { edges { node { user { name } } } } }
  }
}
`

const INBOX = `
# 3 · Bob's inbox. Press play and leave it running: first whatever this device missed, then CaughtUp, then live.
subscription Inbox($deviceId: String) {
  inbox(deviceId: $deviceId) {
    __typename
    ... on ChatEvent { seq at actor { name } chat { id unreadCount } }
    ... on MessageSent { message { body status } }
    ... on MessageEdited { message { body editedAt } }
    ... on ReceiptAdvanced { user { name } deliveredSeq readSeq }
    ... on InboxReset { reason }
  }
}
`

const SEND = `
# 4 · Alice sends. Press play twice: the key is the same, so it stays one message, and says so. Then look at tab 3.
mutation Send($chatId: ID!, $clientMessageId: String!, $body: String) {
  sendMessage(input: { chatId: $chatId, clientMessageId: $clientMessageId, body: $body }) {
    deduplicated
    message { id seq body status sentAt }
  }
}
`

const MARK_READ = `
# 5 · Bob has read it.
mutation MarkRead($chatId: ID!, $seq: Int!) {
  markRead(input: { chatId: $chatId, seq: $seq }) { chat { unreadCount viewerMember { deliveredSeq readSeq } } }
}
`

const HISTORY = `
# 6 · Alice sees that he has: the status is READ.
query History($chatId: ID!) {
  chat(id: $chatId) {
    headSeq
    messages(last: 30) { edges { node { seq sender { name } body status } } }
  }
}
`

/** A GraphiQL tab. GraphiQL names it after its operation. Headers are JSON. */
export type Tab = Readonly<{ query: string; headers: string }>

/** The tabs, and the texts in them that differ between starts. */
export type Tour = Readonly<{ tabs: readonly Tab[]; values: Readonly<Record<string, string>> }>

type Cast = Readonly<{
  /** Tokens of the users. */
  alice: string
  bob: string
  carol: string
  /** The direct chat of Alice and Bob, and the seq of its next event. */
  chatId: string
  nextSeq: number
  /** The message's key, a new one for each tour. */
  messageKey: string
}>

/**
 * Returns a tour in eight tabs, to be run from left to right. Values are in the documents instead of variables, so that
 * everything is visible. Lines fit half of a laptop's screen.
 */
export function tourOf({ alice, bob, carol, chatId, nextSeq, messageKey }: Cast): Tour {
  const tabs = [
    tab(alice, WHO_AM_I),
    tab(alice, START_CHAT),
    tab(bob, INBOX),
    tab(alice, send(chatId, messageKey)),
    tab(bob, markRead(chatId, nextSeq)),
    tab(alice, history(chatId)),
    tab(alice, CREATE_GROUP),
    tab(carol, GROUP),
  ]
  return { tabs, values: { alice, bob, carol, chatId } }
}

function tab(token: string, query: string): Tab {
  return { query: query.trimStart(), headers: JSON.stringify({ authorization: `Bearer ${token}` }, null, 2) }
}

const WHO_AM_I = `
# Parley, a chat backend: a tour in eight tabs.
# Each tab is signed in as a user: see Headers, below.
# Press the pink button (or Ctrl-Enter), look at the
# answer on the right, then go on to the next tab.

# 1. Alice queries her own user and her chats.

query Alice_WhoAmI {
  viewer {
    id
    name
  }
  chats(first: 10) {
    edges {
      node {
        id
        unreadCount
        lastMessage { body }
      }
    }
  }
}
`

const START_CHAT = `
# 2. Alice starts a chat with Bob. Pressing the button
# again returns the same chat.

mutation Alice_StartChat {
  startDirectChat(input: { userId: "user_bob" }) {
    chat {
      id
      headSeq
      members { edges { node { user { name } } } }
    }
  }
}
`

const INBOX = `
# 3. Bob subscribes to his inbox. GraphiQL runs one tab
# at a time, so open this page in a SECOND WINDOW, go to
# this tab there, press the button and leave it running.
# CaughtUp means that Bob has received every event.
# Then continue with tab 4 in the first window. The
# second window shows the newest event.

subscription Bob_Inbox {
  inbox(deviceId: "graphiql") {
    __typename
    ... on ChatEvent {
      seq
      actor { name }
      chat { id unreadCount }
    }
    ... on MessageSent { message { body status } }
    ... on MessageEdited { message { body editedAt } }
    ... on ChatUpdated { chat { title memberCount } }
    ... on ReceiptAdvanced {
      user { name }
      deliveredSeq
      readSeq
    }
    ... on InboxReset { reason }
  }
}
`

const CREATE_GROUP = `
# 7. Alice creates a group. The key makes it one group,
# however often you press. Bob's window shows its first
# event.

mutation Alice_CreateGroup {
  createGroup(input: {
    clientChatId: "tour-tea"
    title: "Tea"
    memberIds: ["user_bob", "user_carol"]
  }) {
    chat {
      id
      title
      members {
        edges { node { role user { name } } }
      }
    }
  }
}
`

const GROUP = `
# 8. Carol sees the group and its log among her chats.
# Copy its id to tab 4 to send a message to all members.
# This is the end of the tour. README.md shows in two
# terminals how a device catches up on missed events.
# The icon at the top left opens the API reference.

query Carol_Chats {
  chats(first: 5) {
    edges {
      node {
        id
        title
        memberCount
        viewerMember { role }
        events(afterSeq: 0, first: 10) {
          __typename
          seq
          actor { name }
        }
      }
    }
  }
}
`

function send(chatId: string, messageKey: string): string {
  return `
# 4. Alice sends a message. Bob's window shows it.
# Press again: the key is the same, so it is still one
# message, and "deduplicated" is true. So it is safe to
# retry after a lost connection.
# For another message, change the body AND the key.

mutation Alice_Send {
  sendMessage(input: {
    chatId: "${chatId}"
    clientMessageId: "${messageKey}"
    body: "Hello Bob!"
  }) {
    deduplicated
    message { id seq body status sentAt }
  }
}
`
}

function markRead(chatId: string, seq: number): string {
  return `
# 5. Bob has read up to this seq, which tab 4 returned.
# His own window shows the receipt too, because his other
# devices need it. Alice's inbox would also show it.

mutation Bob_MarkRead {
  markRead(input: {
    chatId: "${chatId}"
    seq: ${seq}
  }) {
    chat {
      unreadCount
      viewerMember { deliveredSeq readSeq }
    }
  }
}
`
}

function history(chatId: string): string {
  return `
# 6. Alice reads the chat: the status is READ.

query Alice_History {
  chat(id: "${chatId}") {
    headSeq
    messages(last: 10) {
      edges {
        node {
          seq
          sender { name }
          body
          status
        }
      }
    }
  }
}
`
}

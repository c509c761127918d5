/** A GraphiQL tab, which is named after its operation. Headers are JSON. */
export type Tab = Readonly<{ query: string; headers: string }>

/** The tabs, and those texts in them that another start has others for. */
export type Tour = Readonly<{ tabs: readonly Tab[]; values: Readonly<Record<string, string>> }>

type Cast = Readonly<{
  /** Tokens. */
  alice: string
  bob: string
  carol: string
  /** Alice's and Bob's direct chat, and the position that the next thing said in it will have. */
  chatId: string
  nextSeq: number
  /** Makes a key for the message, so that it is a new one in each tour. */
  messageKey: string
}>

/**
 * A chat and a group in eight tabs, to be run from left to right. Values stand in the documents, not among the variables, so that
 * everything is in view; lines are short enough for half of a laptop's screen.
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
# Each tab is signed in as somebody: see Headers, below.
# Press the pink button (or Ctrl-Enter), look at the
# answer on the right, then go on to the next tab.

# 1. Alice asks who she is, and for her chats.

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
# 2. Alice starts a chat with Bob. However often you
# press the button, it is the same chat.

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
# 3. Bob listens. GraphiQL runs one tab at a time, so
# open this page in a SECOND WINDOW beside this one, take
# this tab there, press the button and leave it running:
# CaughtUp says that Bob has missed nothing.
# Then go on in the first window, with tab 4, and watch
# the second one: it shows the newest event.

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
# 7. Alice makes a group. The key makes it one group,
# however often you press. Bob's window hears of it: a
# group begins with the event that made it.

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
# 8. Carol finds it among her chats, with its log. Take
# its id to tab 4, and say something to all of them.
# That was the tour. How a device catches up on what it
# missed is best seen in two terminals: see README.md.
# The icon at the top left explains the whole API.

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
# 4. Alice sends. Look at Bob's window: there it is.
# Press again: the key is the same, so it is still one
# message, and "deduplicated" says so. That makes it safe
# to try again after a lost connection.
# For another message change the body AND the key.

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
# 5. Bob has read up to this seq: the one in the answer
# to tab 4. His own window hears of it, for his other
# devices have to know; and so would Alice's.

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
# 6. What Alice sees now: the status is READ.

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

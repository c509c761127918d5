// What the examples ask for, and what they get.

export type Message = { id: string; body: string | null; sender: { name: string } }
export type Chat = { id: string; headSeq: number; messages: { edges: { node: Message }[] } }
export type ChatsData = { chats: { edges: { node: Chat }[] } }

export type LogEvent = { __typename: string; seq: number; chat: { id: string }; message: Message }
export type InboxEvent = LogEvent | { __typename: 'CaughtUp' | 'InboxReset' | 'ReceiptAdvanced' }
export type InboxData = { inbox: InboxEvent }

export type Position = { chatId: string; seq: number }

const MESSAGE_FIELDS = 'fragment MessageFields on Message { id body sender { id name } }'

export const CHATS = `
  query Chats {
    chats(first: 100) {
      edges { node { id headSeq messages(last: 30) { edges { node { ...MessageFields } } } } }
    }
  }
  ${MESSAGE_FIELDS}`

export const INBOX = `
  subscription Inbox($deviceId: String!) {
    inbox(deviceId: $deviceId) {
      __typename
      ... on ChatEvent { seq chat { id } }
      ... on MessageSent { message { ...MessageFields } }
      ... on MessageEdited { message { ...MessageFields } }
      ... on MessageDeleted { message { ...MessageFields } }
      ... on ReactionChanged { message { ...MessageFields } }
    }
  }
  ${MESSAGE_FIELDS}`

export const MARK_DELIVERED = `
  mutation MarkDelivered($deviceId: String!, $positions: [ChatPosition!]!) {
    markDelivered(input: { deviceId: $deviceId, positions: $positions }) { members { deliveredSeq } }
  }`

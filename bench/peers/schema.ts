/** The part of Parley's schema that the peers serve. */
export const typeDefs = /* GraphQL */ `
  scalar DateTime
  type User {
    id: ID!
    name: String!
  }
  type Chat {
    id: ID!
    messages(last: Int, before: String): MessageConnection!
  }
  type Message {
    id: ID!
    body: String!
    sentAt: DateTime!
    sender: User!
    chat: Chat!
  }
  type MessageEdge {
    cursor: String!
    node: Message!
  }
  type MessageConnection {
    edges: [MessageEdge!]!
  }
  type MessageSent {
    message: Message!
  }
  type CaughtUp {
    deviceId: String
  }
  union InboxItem = MessageSent | CaughtUp
  type SendMessagePayload {
    message: Message!
  }
  type ChatPayload {
    chat: Chat!
  }
  input SendMessageInput {
    chatId: ID!
    clientMessageId: String!
    body: String!
  }
  input StartDirectChatInput {
    userId: ID!
  }
  input CreateGroupInput {
    clientChatId: String!
    title: String
    memberIds: [ID!]!
  }
  type Query {
    chat(id: ID!): Chat
  }
  type Mutation {
    sendMessage(input: SendMessageInput!): SendMessagePayload!
    startDirectChat(input: StartDirectChatInput!): ChatPayload!
    createGroup(input: CreateGroupInput!): ChatPayload!
  }
  type Subscription {
    inbox(deviceId: String): InboxItem!
  }
`

/** A message as the peers pass it between their gateways. */
export type Message = Readonly<{
  id: string
  body: string
  sentAt: string
  sender: Readonly<{ id: string; name: string }>
  chat: Readonly<{ id: string }>
}>

export type InboxItem = Readonly<{ __typename: 'CaughtUp' } | { __typename: 'MessageSent'; message: Message }>

export type SendInput = Readonly<{ chatId: string; clientMessageId: string; body: string }>
export type DirectChatInput = Readonly<{ userId: string }>
export type GroupInput = Readonly<{ title: string | null; memberIds: readonly string[] }>

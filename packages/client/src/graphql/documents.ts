import { ATTACHMENT_FIELDS } from './attachment-fields.ts'

/*
 * The operations of the client. Field names are those of schema.graphql; a test validates each document against it.
 * Documents are strings, so that no parser is part of the bundle.
 */

const MESSAGE = `fragment M on Message{id seq kind clientMessageId sender{...U}body
attachments${ATTACHMENT_FIELDS}
replyTo{id body sender{...U}expiresAt}
reactions{emoji users{...U}}sentAt editedAt deletedAt expiresAt status}`

const USER = 'fragment U on User{id name avatarUrl}'

const MEMBER = 'fragment P on ChatMember{user{...U}role joinedAt leftAt deliveredSeq readSeq}'

/** Two members are all of a direct chat, and few enough to ask for in every group. */
const SUMMARY = `fragment S on Chat{id kind title headSeq createdAt lastActivityAt messageTtlSeconds memberCount
unreadCount notifications{level expiresAt:until}viewerMember{...P}lastMessage{...M}members(first:2){edges{node{...P}}}}`

const CHAT_FRAGMENTS = `${USER}${MESSAGE}${MEMBER}${SUMMARY}`

const EVENT = `fragment E on ChatEvent{__typename seq at actor{...U}chat{id}
...on MessageSent{message{...M}}...on MessageEdited{message{...M}}...on MessageDeleted{message{...M}}
...on ReactionChanged{message{...M}}...on MemberAdded{user{...U}}...on MemberRemoved{user{...U}}
...on MemberRoleChanged{user{...U}role}...on ChatUpdated{chat{title messageTtlSeconds}}}`

export const VIEWER = `query Viewer{viewer{...U}}${USER}`

export const CHATS = `query Chats($after:String){chats(first:50,after:$after){edges{node{...S}}
pageInfo{hasNextPage endCursor}}}${CHAT_FRAGMENTS}`

/** With the newest page of messages, or the page before a cursor. */
export const CHAT = `query Chat($id:ID!,$pageSize:Int!,$before:String){chat(id:$id){...S
messages(last:$pageSize,before:$before){edges{node{...M}}pageInfo{hasPreviousPage startCursor}}}}${CHAT_FRAGMENTS}`

export const SUMMARY_OF = `query Summary($id:ID!){chat(id:$id){...S}}${CHAT_FRAGMENTS}`

export const MEMBERS = `query Members($id:ID!,$after:String){chat(id:$id){members(first:100,after:$after){edges{node{...P}}
pageInfo{hasNextPage endCursor}}}}${USER}${MEMBER}`

export const EVENTS = `query Events($id:ID!,$afterSeq:Int!){chat(id:$id){events(afterSeq:$afterSeq){...E}}}
${USER}${MESSAGE}${EVENT}`

/** Events with what they say about members. Those of messages come without their content. */
export const GROUP_EVENTS = `query GroupEvents($id:ID!,$afterSeq:Int!,$first:Int){chat(id:$id){
events(afterSeq:$afterSeq,first:$first){__typename seq at actor{...U}chat{id}...on MemberAdded{user{...U}}
...on MemberRemoved{user{...U}}...on MemberRoleChanged{user{...U}role}}}}${USER}`

export const HEADS = `query Heads($after:String){chats(first:100,after:$after){edges{node{id headSeq}}
pageInfo{hasNextPage endCursor}}}`

/** The values that change without an event, or that events do not determine. */
export const COUNTS = `query Counts($ids:[ID!]!){nodes(ids:$ids){...on Chat{id headSeq unreadCount
viewerMember{readSeq}lastMessage{id status}}}}`

export const INBOX = `subscription Inbox($deviceId:String){inbox(deviceId:$deviceId){__typename
...on ChatEvent{...E}...on ReceiptAdvanced{chat{id}user{id}deliveredSeq readSeq}
...on TypingChanged{chat{id}user{...U}typing}...on CaughtUp{at}...on InboxReset{reason}}}
${USER}${MESSAGE}${EVENT}`

export const SERVICE_STATUS = 'subscription Status{serviceStatus{level paused}}'

export const PRESENCE =
  'subscription Presence($ids:[ID!]!){presence(userIds:$ids){user{id}online lastSeenAt}}'

/**
 * Every mutation has one argument, `input`, whose type is named after it. So is the operation. Most answers say nothing
 * that the events do not.
 */
function mutation(name: string, selection = '__typename'): string {
  const type = name.replace(/^./, (first) => first.toUpperCase())
  return `mutation ${name}($input:${type}Input!){${name}(input:$input){${selection}}}`
}

export const RENEW = /* @__PURE__ */ mutation('renewSession')
export const SEND = /* @__PURE__ */ mutation('sendMessage', 'message{id seq sentAt}')
export const EDIT = /* @__PURE__ */ mutation('editMessage')
export const DELETE = /* @__PURE__ */ mutation('deleteMessage')
export const REACT = /* @__PURE__ */ mutation('setReaction')
export const MARK_DELIVERED = /* @__PURE__ */ mutation('markDelivered')
export const MARK_READ = /* @__PURE__ */ mutation('markRead')
export const HEARTBEAT = /* @__PURE__ */ mutation('heartbeat')
export const SET_TYPING = /* @__PURE__ */ mutation('setTyping')
export const START_DIRECT_CHAT = /* @__PURE__ */ mutation('startDirectChat', 'chat{...S}') + CHAT_FRAGMENTS
export const CREATE_GROUP = /* @__PURE__ */ mutation('createGroup', 'chat{...S}') + CHAT_FRAGMENTS
export const UPDATE_CHAT = /* @__PURE__ */ mutation('updateChat')
export const ADD_MEMBERS = /* @__PURE__ */ mutation('addMembers')
export const REMOVE_MEMBER = /* @__PURE__ */ mutation('removeMember')
export const SET_ROLE = /* @__PURE__ */ mutation('setMemberRole')

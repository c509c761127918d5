/*
 * The operations of the client. Field names are those of schema.graphql; a test validates each document against it.
 * Documents are strings, so that no parser is part of the bundle.
 */

const USER = 'fragment U on User{id name avatarUrl}'

const MESSAGE = `fragment M on Message{id seq clientMessageId sender{...U} body
attachments{id fileName contentType byteSize width height url}
replyTo{id body sender{...U}expiresAt deletedAt}
reactions{emoji users{...U}}sentAt editedAt deletedAt expiresAt status chat{id}}`

const MEMBER = 'fragment P on ChatMember{user{...U}role joinedAt leftAt deliveredSeq readSeq}'

/** Two members are all of a direct chat, and few enough to ask for in every group. */
const SUMMARY = `fragment S on Chat{id kind title headSeq createdAt lastActivityAt messageTtlSeconds memberCount
unreadCount viewerMember{...P}lastMessage{...M}members(first:2){edges{node{...P}}}}`

const CHAT_FRAGMENTS = `${USER} ${MESSAGE} ${MEMBER} ${SUMMARY}`

const EVENT = `fragment E on ChatEvent{__typename seq at actor{...U}chat{id}
...on MessageSent{message{...M}}...on MessageEdited{message{...M}}...on MessageDeleted{message{...M}}
...on ReactionChanged{message{...M}}...on MemberAdded{user{...U}}...on MemberRemoved{user{...U}}
...on MemberRoleChanged{user{...U}role}...on ChatUpdated{chat{title messageTtlSeconds}}}`

export const VIEWER = `query Viewer{viewer{...U}}${USER}`

export const CHATS = `query Chats($after:String){chats(first:50,after:$after){edges{node{...S}}
pageInfo{hasNextPage endCursor}}}${CHAT_FRAGMENTS}`

export const CHAT = `query Chat($id:ID!,$pageSize:Int!){chat(id:$id){...S messages(last:$pageSize){edges{node{...M}}
pageInfo{hasPreviousPage startCursor}}}}${CHAT_FRAGMENTS}`

export const SUMMARY_OF = `query Summary($id:ID!){chat(id:$id){...S}}${CHAT_FRAGMENTS}`

export const MEMBERS = `query Members($id:ID!,$after:String){chat(id:$id){headSeq members(first:100,after:$after){
edges{node{...P}}pageInfo{hasNextPage endCursor}}}}${USER} ${MEMBER}`

export const OLDER = `query Older($id:ID!,$pageSize:Int!,$before:String!){chat(id:$id){headSeq
messages(last:$pageSize,before:$before){edges{node{...M}}pageInfo{hasPreviousPage startCursor}}}}${USER} ${MESSAGE}`

export const EVENTS = `query Events($id:ID!,$afterSeq:Int!){chat(id:$id){headSeq events(afterSeq:$afterSeq){...E}}}
${USER} ${MESSAGE} ${EVENT}`

export const HEADS = `query Heads($after:String){chats(first:100,after:$after){edges{node{id headSeq}}
pageInfo{hasNextPage endCursor}}}`

/** The values that change without an event, or that events do not determine. */
export const COUNTS = `query Counts($ids:[ID!]!){nodes(ids:$ids){...on Chat{id headSeq unreadCount
viewerMember{readSeq}lastMessage{id status}}}}`

export const INBOX = `subscription Inbox($deviceId:String){inbox(deviceId:$deviceId){__typename
...on ChatEvent{...E}...on ReceiptAdvanced{chat{id}user{id}deliveredSeq readSeq}
...on TypingChanged{chat{id}user{...U}typing}...on CaughtUp{at}...on InboxReset{reason}}}
${USER} ${MESSAGE} ${EVENT}`

export const SERVICE_STATUS = 'subscription Status{serviceStatus{level paused}}'

export const PRESENCE =
  'subscription Presence($ids:[ID!]!){presence(userIds:$ids){user{id}online lastSeenAt}}'

export const RENEW = 'mutation Renew($token:String!){renewSession(input:{token:$token}){expiresAt}}'

export const SEND = `mutation Send($input:SendMessageInput!){sendMessage(input:$input){message{...M}}}${USER} ${MESSAGE}`

export const EDIT = `mutation Edit($id:ID!,$body:String!){editMessage(input:{messageId:$id,body:$body}){message{id}}}`

export const DELETE = 'mutation Delete($id:ID!){deleteMessage(input:{messageId:$id}){message{id}}}'

export const REACT = `mutation React($id:ID!,$emoji:String!,$present:Boolean!){
setReaction(input:{messageId:$id,emoji:$emoji,present:$present}){message{id}}}`

export const MARK_DELIVERED = `mutation Delivered($deviceId:String,$positions:[ChatPosition!]!){
markDelivered(input:{deviceId:$deviceId,positions:$positions}){members{deliveredSeq}}}`

export const MARK_READ = `mutation Read($chatId:ID!,$seq:Int!){markRead(input:{chatId:$chatId,seq:$seq}){chat{id}}}`

export const HEARTBEAT = 'mutation Heartbeat{heartbeat(input:{userActivity:true}){presence{online}}}'

export const SET_TYPING = `mutation Typing($chatId:ID!,$typing:Boolean!){
setTyping(input:{chatId:$chatId,typing:$typing}){chat{id}}}`

export const START_DIRECT_CHAT = `mutation StartDirectChat($userId:ID!){
startDirectChat(input:{userId:$userId}){chat{...S}}}${CHAT_FRAGMENTS}`

export const CREATE_GROUP = `mutation CreateGroup($input:CreateGroupInput!){
createGroup(input:$input){chat{...S}}}${CHAT_FRAGMENTS}`

export const UPDATE_CHAT = 'mutation UpdateChat($input:UpdateChatInput!){updateChat(input:$input){chat{id}}}'

export const ADD_MEMBERS = 'mutation AddMembers($input:AddMembersInput!){addMembers(input:$input){chat{id}}}'

export const REMOVE_MEMBER =
  'mutation RemoveMember($input:RemoveMemberInput!){removeMember(input:$input){chat{id}}}'

export const SET_ROLE =
  'mutation SetRole($input:SetMemberRoleInput!){setMemberRole(input:$input){member{role}}}'

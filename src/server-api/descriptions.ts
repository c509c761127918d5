/** The description of every type, field, argument and enum value of the server API, by its schema coordinate. */
export const DESCRIPTIONS: Readonly<Record<string, string>> = {
  Chat: 'A direct chat or a group.',
  'Chat.createdAt': 'When the chat was created.',
  'Chat.data': 'Your own data: a JSON object of at most 16,384 bytes. Null if there is none.',
  'Chat.headSeq': 'Seq of the newest event. 0 in a direct chat without events.',
  'Chat.id': '`chat_<uuid>`, as in the public API.',
  'Chat.kind': 'Never changes.',
  'Chat.lastActivityAt': 'When the newest event was committed.',
  'Chat.memberCount': 'Number of present members.',
  'Chat.members': 'Present members, in a stable order.',
  'Chat.messageTtlSeconds': 'Lifetime of new messages in seconds. Null if messages are kept permanently.',
  'Chat.messages': 'All messages of the chat, in `seq` order.',
  'Chat.title': 'Title of a group. Null in a direct chat.',
  ChatConnection: 'A page of chats.',
  ChatEdge: 'A chat and its position in the list.',
  'ChatEdge.node': 'The chat.',
  ChatEvent: 'One durable change of a chat. The fields that an event type does not have are null.',
  'ChatEvent.actor': 'The user who made the change; `user_parley:system` for a change of this API.',
  'ChatEvent.added': 'REACTION_CHANGED: whether the reaction was added.',
  'ChatEvent.at': 'When the change was committed.',
  'ChatEvent.chatId': 'The chat.',
  'ChatEvent.emoji': 'REACTION_CHANGED: the emoji.',
  'ChatEvent.message':
    'The message of MESSAGE_SENT, MESSAGE_EDITED, MESSAGE_DELETED and REACTION_CHANGED, as it is now.',
  'ChatEvent.role': 'MEMBER_ROLE_CHANGED: the new role.',
  'ChatEvent.seq': 'Position in the chat log, from 1, without gap.',
  'ChatEvent.type': 'What has changed. Values may be added.',
  'ChatEvent.user': 'MEMBER_ADDED, MEMBER_REMOVED and MEMBER_ROLE_CHANGED: the member.',
  ChatEventType: 'The kind of a change. Values may be added.',
  'ChatEventType.CHAT_DELETED': 'The chat was deleted. The last event of its log.',
  'ChatEventType.CHAT_UPDATED':
    'The title or the lifetime of messages has changed, or the group was created.',
  'ChatEventType.MEMBER_ADDED': 'A user has joined.',
  'ChatEventType.MEMBER_REMOVED': 'A user has left or was removed.',
  'ChatEventType.MEMBER_ROLE_CHANGED': 'A member has another role.',
  'ChatEventType.MESSAGE_DELETED': 'A message was deleted.',
  'ChatEventType.MESSAGE_EDITED': 'A message has another body.',
  'ChatEventType.MESSAGE_SENT': 'A message was sent.',
  'ChatEventType.REACTION_CHANGED': 'A reaction was added or removed.',
  ChatKind: 'The kind of a chat.',
  'ChatKind.DIRECT': 'A chat of two users, whose members never change.',
  'ChatKind.GROUP': 'A chat of any number of users.',
  DateTime: 'A point in time in RFC 3339 format, in UTC with milliseconds.',
  DeleteChatPayload: 'Result of `deleteChat`.',
  'DeleteChatPayload.chatId': 'The chat.',
  'DeleteChatPayload.deleted': 'False if it was deleted before.',
  DeleteMessageInput: 'Input of `deleteMessage`.',
  'DeleteMessageInput.messageId': 'The message to delete.',
  EditMessageInput: 'Input of `editMessage`.',
  'EditMessageInput.body': 'The new text, as in `sendMessage`.',
  'EditMessageInput.messageId': 'The message to edit.',
  EnsureChatPayload: 'Result of `ensureGroup`.',
  'EnsureChatPayload.chat': 'The group, as it is now.',
  'EnsureChatPayload.created': 'Whether this call created it.',
  EnsureGroupInput: 'Input of `ensureGroup`.',
  'EnsureGroupInput.key':
    'Your own key for the group, such as the number of an order: 1 to 64 printable characters. The same key always names the same group.',
  'EnsureGroupInput.data':
    'As `Chat.data`, with at most 8 levels and 256 keys and items. Ignored if the group exists.',
  'EnsureGroupInput.memberIds': 'Members besides the owners. Ignored if the group exists.',
  'EnsureGroupInput.messageTtlSeconds':
    'Lifetime of messages in seconds, 5 to 31,536,000. 0 or null keeps messages permanently. Ignored if the group exists.',
  'EnsureGroupInput.ownerIds': 'One or more owners. Ignored if the group exists.',
  'EnsureGroupInput.title': 'Title, 1 to 255 characters. Ignored if the group exists.',
  JSON: 'Any JSON value.',
  Member: 'A present member of a chat.',
  'Member.deliveredSeq': 'All events up to here have reached a device of the member.',
  'Member.joinedAt': 'When the present membership period began.',
  'Member.readSeq': 'The member has read all messages up to here.',
  'Member.role': 'What the member may do.',
  'Member.user': 'The user.',
  MemberConnection: 'A page of members.',
  MemberEdge: 'A member and its position in the list.',
  'MemberEdge.node': 'The member.',
  MemberInput: 'A user and their role.',
  'MemberInput.role': 'The role that the user is to have.',
  'MemberInput.userId': 'The user.',
  MemberRole: 'What a member of a group may do.',
  'MemberRole.ADMIN': 'May add members, remove members with a lower role, and change settings.',
  'MemberRole.MEMBER': 'May read, send and leave.',
  'MemberRole.OWNER': 'May do everything. A group always has an owner.',
  Message: 'A message as it is now.',
  'Message.body': 'The text. Null if the message is deleted or expired.',
  'Message.chatId': 'The chat.',
  'Message.clientMessageId': "The sender's own key for the message.",
  'Message.data':
    'Your own data: a JSON object of at most 4,096 bytes. Null if there is none, or if `body` is gone.',
  'Message.deletedAt': 'When the message was deleted. Null if it is not.',
  'Message.editedAt': 'When the message was last edited. Null if it never was.',
  'Message.expiresAt': 'When the content expires. Null if it does not.',
  'Message.id': '`message_<chat uuid>_<seq>`, as in the public API.',
  'Message.kind': 'Who sent it: a user, or your backend in its own name.',
  'Message.replyToId': 'The message that this one replies to.',
  'Message.sender': 'The user who sent the message; `user_parley:system` if the kind is SYSTEM.',
  'Message.sentAt': 'When the message was committed.',
  'Message.seq': 'Position in the chat log. Never changes.',
  'Message.type': 'Your own type, such as `order.shipped`. Null in the same cases as `data`.',
  MessageConnection: 'A page of messages.',
  MessageEdge: 'A message and its position in the list.',
  'MessageEdge.node': 'The message.',
  MessageKind: 'Who sent a message. Values may be added.',
  'MessageKind.SYSTEM': 'Your backend. Apps show it as a line of its own; it is never unread.',
  'MessageKind.USER': 'A user.',
  Mutation: 'Changes. Each may be repeated with the same input, and then does nothing more.',
  'Mutation.deactivateUser': `Signs a user out everywhere within a second, and rejects their tokens until \`reactivateUser\`. Memberships and
messages stay. Scope \`users\`.

- \`NOT_FOUND\` – no such user`,
  'Mutation.deactivateUser(userId:)': 'The user.',
  'Mutation.deleteChat': `Deletes a chat for all of its members, with its messages and files. Present members lose it at once, former ones with
their next query. Its rows and files are deleted in the background. Other calls answer NOT_FOUND from then on. Scope \`chats\`.

- \`NOT_FOUND\` – no such chat`,
  'Mutation.deleteChat(chatId:)': 'The chat to delete.',
  'Mutation.deleteMessage': `Deletes a message of any user. The message stays as a tombstone. Scope \`messages\`.

- \`NOT_FOUND\` – no such message`,
  'Mutation.deleteMessage(input:)': 'The message.',
  'Mutation.editMessage': `Changes the text of a message in the name of its sender. Scope \`messages\`, and
\`act-as-user\` for the message of a user.

- \`NOT_FOUND\` – no such message
- \`FORBIDDEN\` – the sender has left the chat; the message is deleted or expired`,
  'Mutation.editMessage(input:)': 'The message and its new text.',
  'Mutation.ensureDirectChat': `Returns the direct chat of two users, and creates it if there is none. Scope \`chats\`.

- \`NOT_FOUND\` – no such user
- \`BAD_USER_INPUT\` – not two different users`,
  'Mutation.ensureDirectChat(userIds:)': 'The two users.',
  'Mutation.ensureGroup': `Returns the group with the key, as it is now, and creates it if there is none. Scope \`chats\`.

- \`NOT_FOUND\` – a user does not exist
- \`BAD_USER_INPUT\` – no owner, or too many members`,
  'Mutation.ensureGroup(input:)': 'The group.',
  'Mutation.reactivateUser': `Lets a user sign in again, with a token that was issued after the deactivation. Scope \`users\`.

- \`NOT_FOUND\` – no such user`,
  'Mutation.reactivateUser(userId:)': 'The user.',
  'Mutation.sendMessage': `Sends a message in the name of a user, or as the system. Answers once the message is durable. The same sender and
\`clientMessageId\` return the first message. Scope \`messages\`, and \`act-as-user\` to send in the name of a user.

- \`NOT_FOUND\` – no such chat, user or message to reply to; the user was never a member
- \`FORBIDDEN\` – the user has left the chat
- \`CONFLICT\` – the key was used for another message
- \`UNAVAILABLE\` – the outcome is unknown; send again with the same key`,
  'Mutation.sendMessage(input:)': 'The message.',
  'Mutation.sendMessages': `As \`sendMessage\`, for up to 100 messages. Each succeeds or fails by itself. Messages of one chat keep the order of the
list.`,
  'Mutation.sendMessages(inputs:)': 'The messages.',
  'Mutation.signOutUser': `Revokes all tokens that the user has now. Open connections are closed within a second. Scope \`users\`.

- \`NOT_FOUND\` – no such user`,
  'Mutation.signOutUser(userId:)': 'The user.',
  'Mutation.updateChat': `Changes the title of a group, or the lifetime of messages sent from now on. Scope \`chats\`.

- \`NOT_FOUND\` – no such chat
- \`FORBIDDEN\` – a title for a direct chat`,
  'Mutation.updateChat(input:)': 'The change.',
  'Mutation.replayWebhooks': `Delivers the events of a chat to webhooks again, and then what follows. Scope \`webhooks\`.

- \`NOT_FOUND\` – no such chat or webhook
- \`BAD_USER_INPUT\` – \`afterSeq\` is below 0`,
  'Mutation.replayWebhooks(input:)': 'The position.',
  'Mutation.updateMembers': `Adds, removes and promotes members of a group in one transaction. Scope \`chats\`.

- \`NOT_FOUND\` – no such chat or user
- \`FORBIDDEN\` – the chat is direct, or no owner would be left
- \`CONFLICT\` – the key was used for another change of the chat
- \`BAD_USER_INPUT\` – more than 500 users, or one that is named twice; more members than a group may have`,
  'Mutation.updateMembers(input:)': 'The change.',
  'Mutation.upsertUsers': `Creates or updates up to 500 users. They can be in chats before they sign in for the first time. These values
replace those of all tokens that were issued before. If a user signs in with a later token, its name and picture replace these. Scope \`users\`.

- \`BAD_USER_INPUT\` – an invalid ID, a name with nothing to show, or an invalid picture; nothing is changed`,
  'Mutation.upsertUsers(users:)': 'The users.',
  PageInfo: 'The position of a page in its connection, as in the Relay cursor connections specification.',
  'PageInfo.endCursor': 'Cursor of the last item. Null if the page is empty.',
  'PageInfo.hasNextPage': 'True if more items follow this page. Reliable when paging with `first`.',
  'PageInfo.hasPreviousPage': 'True if more items precede this page. Reliable when paging with `last`.',
  'PageInfo.startCursor': 'Cursor of the first item. Null if the page is empty.',
  Query: 'Reads. A call reads what earlier calls have written, on any gateway.',
  'Query.chat': 'A chat, or null if there is none. Scope `read`.',
  'Query.chat(id:)': '`chat_<uuid>`.',
  'Query.chatsOfUser': `The chats of a user, the most recently active first. Chats that the user has left are as of then. Scope \`read\`.

- \`NOT_FOUND\` – no such user`,
  'Query.chatsOfUser(userId:)': 'The user.',
  'Query.events': `Reads a chat log in \`seq\` order. Empty if there is nothing newer. Scope \`read\`.

- \`NOT_FOUND\` – no such chat, or the log no longer reaches back to \`afterSeq\``,
  'Query.events(afterSeq:)': 'Return only events with a greater seq. 0 reads from the start.',
  'Query.events(chatId:)': 'The chat.',
  'Query.events(first:)': 'Number of events, 500 by default and at most.',
  'Query.users':
    'Users in the order of the IDs; null for one that does not exist. At most 500. Scope `read`.',
  'Query.users(ids:)': '`user_<subject>` each.',
  SendFailure: 'Why one message of several was not sent.',
  'SendFailure.code': 'The code that `sendMessage` would have failed with.',
  'SendFailure.message': 'What is wrong, and what to do.',
  'SendFailure.retryable': 'Whether sending again with the same key may succeed.',
  SendMessageInput: 'Input of `sendMessage`.',
  'SendMessageInput.body': '1 to 8,192 characters, without control characters except newline and tab.',
  'SendMessageInput.chatId': 'The chat.',
  'SendMessageInput.clientMessageId':
    'Your own key for the message: 1 to 64 printable characters, such as a UUID.',
  'SendMessageInput.replyToId': 'The message that this one replies to.',
  'SendMessageInput.senderId':
    'The user who sends. Must be a member. Null sends as the system, with the kind SYSTEM.',
  'SendMessageInput.data': 'As `Message.data`, with at most 8 levels and 256 keys and items. Edits keep it.',
  'SendMessageInput.type': '1 to 64 letters, digits, dots, hyphens and underscores. Edits keep it.',
  SendMessagePayload: 'Result of `sendMessage`.',
  'SendMessagePayload.deduplicated':
    'True if an earlier send used the key. `message` is the message of that send.',
  'SendMessagePayload.message': 'The message as stored.',
  SendMessagesResult: 'The outcome for one message: either `sent` or `failure`.',
  'SendMessagesResult.failure': 'Null if the message was sent.',
  'SendMessagesResult.sent': 'Null if the message was not sent.',
  UpdateChatInput: 'Input of `updateChat`.',
  'UpdateChatInput.chatId': 'The chat.',
  'UpdateChatInput.data': 'Replaces `Chat.data`. Null removes it.',
  'UpdateChatInput.messageTtlSeconds':
    'New lifetime in seconds; 0 keeps messages permanently. Null leaves it.',
  'UpdateChatInput.title': 'New title. Null leaves it.',
  ReplayWebhooksInput: 'Input of `replayWebhooks`.',
  'ReplayWebhooksInput.afterSeq': 'The events after this `seq` are delivered. 0: all that the log still has.',
  'ReplayWebhooksInput.chatId': 'The chat.',
  'ReplayWebhooksInput.webhookId': 'The id that `parley webhook list` shows. Null: all webhooks.',
  ReplayWebhooksPayload: 'Result of `replayWebhooks`.',
  'ReplayWebhooksPayload.webhookIds': 'The webhooks that receive the events again.',
  UpdateMembersInput: 'Input of `updateMembers`.',
  'UpdateMembersInput.chatId': 'The group.',
  'UpdateMembersInput.key':
    'Your own key for this change: 1 to 64 printable characters. A late retry with it changes nothing, and another change is CONFLICT.',
  'UpdateMembersInput.remove': 'These users stop being members. Others are ignored.',
  'UpdateMembersInput.set': 'These users become members with these roles; present members only get the role.',
  User: 'A user, who may never have signed in.',
  'User.avatarUrl': 'Address of a picture, or null.',
  'User.deactivatedAt': 'Since when the user may not sign in. Null if the user may.',
  'User.id': "`user_<subject>`: the subject of the user's tokens after `user_`.",
  'User.data': 'Your own data: a JSON object of at most 4,096 bytes. Null if there is none.',
  'User.name': 'Display name.',
  UserInput: 'A user of your product.',
  'UserInput.avatarUrl': 'An http or https address of a picture. Null leaves the picture.',
  'UserInput.data': 'As `User.data`. Null removes it; without it, the data stays.',
  'UserInput.id': "`user_` and the subject that the user's tokens have.",
  'UserInput.name': 'Display name. It is cleaned as names in tokens are.',
}

/**
 * The public description of every type, field, argument and enum value, by its schema coordinate. Clients read them in
 * schema.graphql and GraphiQL, so they are part of the contract: they state guarantees, bounds and errors.
 *
 * A field of an object that has no text of its own takes the one of its interface. Paging arguments and the fields of
 * connections are the same everywhere, see `SHARED_DESCRIPTIONS`.
 */
export const DESCRIPTIONS: Readonly<Record<string, string>> = {
  AddMembersInput: 'Input of `addMembers`.',
  'AddMembersInput.chatId': 'The group to add to.',
  'AddMembersInput.userIds': 'Users to add. Each must have signed in once.',
  AddMembersPayload: 'Result of `addMembers`.',
  'AddMembersPayload.chat': 'The group after the change.',
  Attachment: 'A file that belongs to one message. Until that message is sent, only the uploader can see it.',
  'Attachment.byteSize': 'Size of the file in bytes.',
  'Attachment.contentType': 'Media type, such as `image/jpeg`.',
  'Attachment.fileName': 'Name of the file, without a path.',
  'Attachment.height': 'Height in pixels. Null if the file is not an image, or not uploaded yet.',
  'Attachment.id': '`attachment_<uuid>`.',
  'Attachment.altText':
    'What the file shows, for people who do not see it, in words of the uploader. Null if there are none.',
  'Attachment.kind': 'How to present the file.',
  'Attachment.thumbhash':
    'ThumbHash placeholder in base64, to show while an image loads. Null in the same cases as `width`.',
  'Attachment.thumbnailUrl':
    'URL of a smaller version, valid like `url`. Null if the attachment has no thumbnail.',
  'Attachment.thumbnailUrl(maxEdge:)':
    'Longest edge in pixels, 320 or 1280. Any other value is `BAD_USER_INPUT`.',
  'Attachment.url': `Signed URL of the file until \`urlExpiresAt\`; it needs no Authorization header. Each fetch checks that its user may
still see the message: 403 if not or if expired, 404 once the file is deleted.`,
  'Attachment.urlExpiresAt': 'When `url` and `thumbnailUrl` expire. Query the attachment again for new URLs.',
  'Attachment.width': 'Width in pixels. Null if the file is not an image, or not uploaded yet.',
  AttachmentKind: 'How a client presents an attachment. Values may be added.',
  'AttachmentKind.AUDIO': 'A sound recording to play, such as a voice message.',
  'AttachmentKind.FILE': 'Any other file, to be offered as a download.',
  'AttachmentKind.IMAGE': 'An image to show inline.',
  'AttachmentKind.VIDEO': 'A video to play.',
  CaughtUp: 'The replay is complete. The events that follow are live.',
  'CaughtUp.at': 'When the replay was complete.',
  Chat: 'A chat that the viewer is or was a member of. After leaving, the viewer sees its title, size and lifetime as of then.',
  'Chat.createdAt': 'When the chat was created, which for a direct chat may be before its first message.',
  'Chat.events': `Reads the chat log in \`seq\` order, so that a client can repair a gap.

- \`NOT_FOUND\` – the log no longer reaches back to \`afterSeq\`
- \`BAD_USER_INPUT\` – \`afterSeq\` or \`first\` is negative`,
  'Chat.events(afterSeq:)': 'Return only events with a greater seq. 0 reads from the start.',
  'Chat.events(first:)': 'Number of events, 500 by default and at most.',
  'Chat.headSeq': 'Seq of the newest event that the viewer can see. 0 in a direct chat without events.',
  'Chat.id': '`chat_<uuid>`.',
  'Chat.kind': 'Never changes.',
  'Chat.lastActivityAt':
    'When the newest event that the viewer can see was committed. Equals `createdAt` in a chat without events.',
  'Chat.lastMessage':
    'Newest message that the viewer can see, even if it is deleted or expired. Null if there is none.',
  'Chat.memberCount': 'Number of present members.',
  'Chat.members': 'Present members, in a stable order. A viewer who has left sees only their own membership.',
  'Chat.messages': 'Messages that the viewer can see, in `seq` order. `last: 30` returns the newest page.',
  'Chat.data':
    "The product's own data: a JSON object of at most 16,384 bytes. Null if there is none, or if the viewer has left.",
  'Chat.messageTtlSeconds':
    'Lifetime of new messages in seconds, 5 to 31,536,000. Null if messages are kept permanently.',
  'Chat.notifications': 'Whether the chat causes push messages for the viewer, on all of their devices.',
  'Chat.title': 'Title of a group, 1 to 255 characters. Null in a direct chat.',
  'Chat.unreadCount': `Number of messages of others after the viewer's \`readSeq\` that are neither deleted nor expired, at most 999.
Only the newest 10,000 messages after \`readSeq\` are considered.`,
  'Chat.viewerMember': "The viewer's own membership. Its `leftAt` is set if the viewer has left.",
  ChatConnection: "A page of the viewer's chats.",
  ChatEdge: 'One item of a ChatConnection.',
  'ChatEdge.node': 'The chat at this position.',
  ChatEvent: `One durable change to a chat. Types may be added: always select \`... on ChatEvent { seq chat { id } }\`, and advance the
position for event types that the client does not know.`,
  'ChatEvent.actor': 'The user who made the change.',
  'ChatEvent.at': 'When the change was committed.',
  'ChatEvent.chat': 'The chat that changed, as it is when the event is delivered.',
  'ChatEvent.seq':
    'Position in the chat log, from 1. A jump means a missed event, except between two membership periods of the viewer.',
  ChatKind: 'How a chat is organised. Values may be added.',
  'ChatKind.DIRECT':
    'A chat of exactly two users, who can neither leave nor be removed. It has no title, and both users are MEMBER.',
  'ChatKind.GROUP': 'A titled chat whose members join and leave.',
  ChatMember: `The membership of one user in one chat. \`Query.node\` finds exactly the memberships that \`Chat.members\` lists for the
viewer.`,
  'ChatMember.deliveredSeq': "Every event up to this seq has reached at least one of the member's devices.",
  'ChatMember.id':
    '`member_<chat uuid>_<subject>`. The same for every membership period of the user in this chat.',
  'ChatMember.joinedAt': 'Start of the present membership period, or of the last one if the member has left.',
  'ChatMember.leftAt':
    'When the member left, or null for a present member. A member who has left can read only the events of their periods.',
  'ChatMember.readSeq': 'The member has read the chat up to this seq. Never greater than `deliveredSeq`.',
  'ChatMember.role': 'Always MEMBER in a direct chat. After leaving, the last role.',
  'ChatMember.user': 'The user whose membership this is.',
  ChatMemberConnection: 'A page of the members of a chat.',
  ChatMemberEdge: 'One item of a ChatMemberConnection.',
  'ChatMemberEdge.node': 'The membership at this position.',
  ChatPosition: 'A position in a chat log.',
  'ChatPosition.chatId': 'The chat.',
  'ChatPosition.seq':
    'Seq of the last event that is stored, 0 or greater. Values beyond the head count as the head.',
  ChatDeleted: `The product deleted the chat. It is the last event of its log: remove the chat. No query finds it any more.
A device that was away for longer than 90 days does not get it, and finds the chat missing from \`chats\`.`,
  ChatUpdated: `The title or the message lifetime changed, or the group was created (its seq 1).
A direct chat starts with its first message instead.`,
  CreateGroupInput: 'Input of `createGroup`.',
  'CreateGroupInput.clientChatId':
    'Key chosen by the client for this group, 1 to 64 characters and unique per viewer. A UUID is suitable.',
  'CreateGroupInput.memberIds': 'Users to add besides the viewer. Each must have signed in once.',
  'CreateGroupInput.data': 'As `Chat.data`, with at most 8 levels and 256 keys and items.',
  'CreateGroupInput.messageTtlSeconds':
    'Lifetime of messages in seconds, 5 to 31,536,000. Null or 0 keeps messages permanently.',
  'CreateGroupInput.title': '1 to 255 characters after surrounding whitespace is removed.',
  CreateGroupPayload: 'Result of `createGroup`.',
  'CreateGroupPayload.chat': 'The new group, or the one created before with the same `clientChatId`.',
  CreateUploadInput: 'Input of `createUpload`.',
  'CreateUploadInput.altText':
    'What the file shows, for people who do not see it, at most 1,000 characters. Blank is the same as null.',
  'CreateUploadInput.byteSize':
    'Exact size of the file in bytes, from 1 to `serverInfo.limits.maxUploadBytes`.',
  'CreateUploadInput.contentType': 'Media type of the file, such as `image/jpeg`.',
  'CreateUploadInput.fileName': 'Name of the file without a path, 1 to 255 characters.',
  CreateUploadPayload: 'Result of `createUpload`.',
  'CreateUploadPayload.attachment': 'The new attachment. It is deleted if it is not sent within 24 hours.',
  'CreateUploadPayload.uploadExpiresAt': 'When `uploadUrl` stops accepting bytes.',
  'CreateUploadPayload.uploadUrl':
    'Signed; needs no Authorization header. Accepts one plain PUT of the bytes, or tus 1.0 for a resumable upload.',
  DateTime:
    'A point in time in RFC 3339 format, in UTC with milliseconds, such as `2026-01-31T12:00:00.000Z`.',
  DeleteMessageInput: 'Input of `deleteMessage`.',
  'DeleteMessageInput.messageId': 'The message to delete.',
  DeleteMessagePayload: 'Result of `deleteMessage`.',
  'DeleteMessagePayload.message': 'The message without its content.',
  EditMessageInput: 'Input of `editMessage`.',
  'EditMessageInput.body':
    'New body, 1 to 8,192 characters, without control characters except newline and tab.',
  'EditMessageInput.messageId': 'The message to edit.',
  EditMessagePayload: 'Result of `editMessage`.',
  'EditMessagePayload.message': 'The message after the edit.',
  HeartbeatInput: 'Input of `heartbeat`.',
  'HeartbeatInput.userActivity':
    'True only if the user touched, typed, scrolled or opened the app. False for requests that the app makes by itself.',
  HeartbeatPayload: 'Result of `heartbeat`.',
  'HeartbeatPayload.presence': "The viewer's own presence.",
  InboxEvent:
    'What `inbox` and `chatEvents` deliver: chat events, receipts, typing and markers. Types may be added.',
  InboxReset: `The server cannot replay what the client missed. Query again what the client shows, acknowledge the \`headSeq\` of each
chat, and continue with the events that follow.

On \`inbox\` it concerns all chats:

- more than 10,000 events are pending for the device
- the chat log no longer reaches back to the device's position
- the server has forgotten the device, because the viewer has more than 100
- the operator has restored a backup

On \`chatEvents\` it concerns that chat. Subscribe from its \`headSeq\` next time.`,
  'InboxReset.reason': 'Explanation in English for logs. Clients must not parse it.',
  JSON: 'Any JSON value.',
  MarkDeliveredInput: 'Input of `markDelivered`.',
  'MarkDeliveredInput.deviceId':
    'The device whose position moves. If it is null or never opened an inbox, only the watermark moves.',
  'MarkDeliveredInput.positions': 'At most 500 positions.',
  MarkDeliveredPayload: 'Result of `markDelivered`.',
  'MarkDeliveredPayload.members': "The viewer's memberships, in the order of `positions`.",
  MarkReadInput: 'Input of `markRead`.',
  'MarkReadInput.chatId': 'The chat that was read.',
  'MarkReadInput.seq':
    'Seq of the last event that was read, 0 or greater. Values beyond the head count as the head.',
  MarkReadPayload: 'Result of `markRead`.',
  'MarkReadPayload.chat': 'The chat after the change.',
  MemberAdded: 'A user joined the chat. If it is the viewer, query the chat.',
  'MemberAdded.member': `The membership of \`user\`. When the user joins, both watermarks are \`seq - 1\` and the role is MEMBER. A former member
sees watermarks of others only up to their own leaving.`,
  'MemberAdded.user': 'The user who joined.',
  MemberRemoved:
    "A user left the chat or was removed. If it is the viewer, this is the chat's last event until the viewer joins again.",
  'MemberRemoved.actor': 'The user who made the change. Equals `user` if the user left.',
  'MemberRemoved.member':
    'The membership of `user`, with `leftAt` set unless the user has joined again since.',
  'MemberRemoved.user': 'The user who is no longer a member.',
  MemberRole: 'What a member of a group may do. Values may be added.',
  'MemberRole.ADMIN':
    'May add members, remove members with the role MEMBER, and change the title and the message lifetime.',
  'MemberRole.MEMBER': 'May send messages, react and leave. Both users of a direct chat have this role.',
  'MemberRole.OWNER':
    'May do everything that an admin may, remove admins, and assign roles. A group with members always has an owner.',
  MemberRoleChanged: 'A member of a group got another role.',
  'MemberRoleChanged.actor':
    'The user who made the change. When the last owner leaves and the role passes on, this is the user who leaves.',
  'MemberRoleChanged.member': 'The membership of `user`.',
  'MemberRoleChanged.role': 'The role that this event assigned.',
  'MemberRoleChanged.user': 'The user whose role changed.',
  Message: 'A message of a chat. Deleted and expired messages remain as tombstones, without their content.',
  'Message.attachments':
    'At most 10, in the order sent. Empty if the message is deleted, expired, or from before the viewer joined.',
  'Message.body': `Text of the message, 1 to 8,192 characters.
Null if the message is deleted or expired, has only attachments, or was sent before the viewer joined.`,
  'Message.chat': 'The chat that the message belongs to.',
  'Message.clientMessageId': "The key that the sender's client chose, unique per sender and chat.",
  'Message.data':
    "The product's own data: a JSON object of at most 4,096 bytes. Null in the same cases as `body`.",
  'Message.deletedAt':
    'When the sender deleted the message. Null if it was not deleted, even if it has expired.',
  'Message.editedAt': 'When the body was last edited. Null if never.',
  'Message.expiresAt':
    'When the content disappears, without an event, so clients use a timer. Null if the message is kept permanently.',
  'Message.id': '`message_<chat uuid>_<seq>`.',
  'Message.kind': 'Who sent it: a user, or the product in its own name.',
  'Message.reactions':
    'One item for each emoji, in the order of first use. Empty in the same cases as `attachments`.',
  'Message.replyTo':
    'The message that this one replies to. Null if it is not a reply, or if the viewer may not see that message.',
  'Message.sender': 'The user who sent the message.',
  'Message.sentAt': 'When the message was stored.',
  'Message.seq': 'Seq of the MessageSent event. It never changes.',
  'Message.status':
    'Derived from the watermarks of the other members. In a live MessageSent event it is SENT.',
  'Message.type': "The product's own type, such as `order.shipped`. Null in the same cases as `data`.",
  MessageConnection: 'A page of the messages of a chat.',
  MessageDeleted: 'The sender deleted a message.',
  'MessageDeleted.message': 'The message without its content.',
  MessageEdge: 'One item of a MessageConnection.',
  'MessageEdge.node': 'The message at this position.',
  MessageEdited: 'The sender changed the body of a message.',
  'MessageEdited.message':
    'The message after the edit. Has no content if it was sent before the viewer joined.',
  MessageKind: 'Who sent a message. Values may be added.',
  'MessageKind.SYSTEM':
    "The product's own backend sent it. Show it as a line of its own. It is never unread, and its `status` stays SENT.",
  'MessageKind.USER': 'A user sent it.',
  MessageSent: 'A member sent a message.',
  'MessageSent.message': 'The new message. In a replay it may already be edited, deleted or expired.',
  MessageStatus:
    'How far a message has come, judged by the watermarks of the other present members. Values may be added.',
  'MessageStatus.DELIVERED': 'The message has reached a device of every other present member.',
  'MessageStatus.READ': 'Every other present member has read the message.',
  'MessageStatus.SENT': 'The message is stored. It survives any failure and will be delivered.',
  Mutation: `Write operations. These count as user activity: mutations that change a chat, \`markRead\`, \`setTyping\` with
\`typing: true\`, and \`heartbeat\` with \`userActivity: true\`.`,
  'Mutation.addMembers': `Adds users to a group, without an invitation. Users who are already members are skipped.

- \`NOT_FOUND\` – no such chat, the viewer was never a member, or one of the users does not exist
- \`FORBIDDEN\` – the viewer is neither owner nor admin, has left, or the chat is direct
- \`BAD_USER_INPUT\` – the group would have too many members`,
  'Mutation.addMembers(input:)': 'The group and the users to add.',
  'Mutation.createGroup': `Creates a group with the viewer as its owner. Calling again with the same \`clientChatId\` returns the same group.

- \`NOT_FOUND\` – one of the users does not exist
- \`BAD_USER_INPUT\` – a value is out of bounds, or the group would have too many members
- \`CONFLICT\` – \`clientChatId\` was used for a different group`,
  'Mutation.createGroup(input:)': 'The group to create.',
  'Mutation.createUpload': `Creates an attachment and a URL to upload its bytes to. Then upload, and send a message with the attachment's ID.

It does not count as user activity.

- \`BAD_USER_INPUT\` – a value is out of bounds
- \`FORBIDDEN\` – the operator has switched uploads off (\`uploads\` is not in \`serverInfo.features\`)
- \`SERVICE_DEGRADED\` – uploads are paused`,
  'Mutation.createUpload(input:)': 'The file to upload.',
  'Mutation.deleteMessage': `Deletes the body, the attachments and the reactions of a message of the viewer. The message stays as a tombstone.

- \`NOT_FOUND\` – no such message, or the viewer cannot see it
- \`FORBIDDEN\` – the viewer is not the sender, or has left the chat`,
  'Mutation.deleteMessage(input:)': 'The message to delete.',
  'Mutation.editMessage': `Changes the body of a message of the viewer.

- \`NOT_FOUND\` – no such message, or the viewer cannot see it
- \`FORBIDDEN\` – the viewer is not the sender, has left the chat, or the message is deleted or expired
- \`BAD_USER_INPUT\` – the body is out of bounds`,
  'Mutation.editMessage(input:)': 'The message and its new body.',
  'Mutation.heartbeat': `Keeps the viewer online for 20 seconds if \`userActivity\` is true. Otherwise it changes nothing.

- \`SERVICE_DEGRADED\` – presence is paused`,
  'Mutation.heartbeat(input:)': 'Whether the user was active.',
  'Mutation.markDelivered': `Acknowledges that a device has stored every event up to the given positions. Lower positions than before change
nothing.

- \`NOT_FOUND\` – the viewer was never a member of one of the chats
- \`BAD_USER_INPUT\` – more than 500 positions, or a negative seq`,
  'Mutation.markDelivered(input:)': 'The device and its positions.',
  'Mutation.markRead': `Records that the viewer has read a chat up to a position, which implies delivered. It moves no device's position.

- \`NOT_FOUND\` – no such chat, or the viewer was never a member
- \`BAD_USER_INPUT\` – a negative seq`,
  'Mutation.markRead(input:)': 'The chat and the position.',
  'Mutation.removeMember': `Removes a member with a lower role, or the viewer, who then leaves the group. When the last owner leaves, the admin
with the earliest \`joinedAt\` becomes owner, or else the member with the earliest.

- \`NOT_FOUND\` – no such chat, or the viewer or the user was never a member
- \`FORBIDDEN\` – the role of the user is not lower, the viewer has left, or the chat is direct`,
  'Mutation.removeMember(input:)': 'The group and the member to remove.',
  'Mutation.renewSession': `Replaces the token of this WebSocket connection before it expires. Subscriptions continue.

- \`BAD_USER_INPUT\` – the operation came over HTTP, where every request carries its own token
- \`UNAUTHENTICATED\` – the new token is not valid
- \`FORBIDDEN\` – the new token is of another user`,
  'Mutation.renewSession(input:)': 'The new token.',
  'Mutation.sendMessage': `Sends a message and returns it once it is stored. Calling again with the same \`clientMessageId\` returns the first
message.

- \`NOT_FOUND\` – no such chat, the viewer was never a member, or the viewer cannot see the message to reply to
- \`FORBIDDEN\` – the viewer has left the chat
- \`BAD_USER_INPUT\` – a value is out of bounds, or \`replyToId\` is a message of another chat
- \`BAD_USER_INPUT\` – an attachment is not the viewer's own, is not completely uploaded, or was sent before
- \`CONFLICT\` – \`clientMessageId\` was used for different content`,
  'Mutation.sendMessage(input:)': 'The message to send.',
  'Mutation.setMemberRole': `Assigns a role to a member of a group.

- \`NOT_FOUND\` – no such chat, the viewer was never a member, or the user is not a present member
- \`FORBIDDEN\` – the viewer is not an owner, the user is another owner, or the chat is direct
- \`FORBIDDEN\` – the viewer is the only owner and would give up the role`,
  'Mutation.setMemberRole(input:)': 'The member and the new role.',
  'Mutation.setChatNotifications': `Decides whether a chat causes push messages for the viewer, on all of their devices. Other devices see the change when
they read the chat again; it is no event.

- \`NOT_FOUND\` – no such chat, or the viewer is no member
- \`BAD_USER_INPUT\` – \`until\` has passed, or the level is ALL, which does not end`,
  'Mutation.setChatNotifications(input:)': 'The chat, the level, and when it ends.',
  'Mutation.setPushTarget': `Says where push messages for a device go. A device has one target, and a target belongs to the device that named it last.
It is removed when the token is revoked that it was set with, or a later one of the same session.

- \`NOT_FOUND\` – the viewer has no such device; subscribe to \`inbox\` with its \`deviceId\` first
- \`BAD_USER_INPUT\` – an address or a key is malformed, or the provider is off (\`serverInfo.push\`)`,
  'Mutation.setPushTarget(input:)': 'The device and its target.',
  'Mutation.setReaction': `Adds or removes one reaction of the viewer.

- \`NOT_FOUND\` – no such message, or the viewer cannot see it
- \`FORBIDDEN\` – the viewer has left the chat, or the message is deleted or expired
- \`BAD_USER_INPUT\` – not exactly one emoji, or more than 20 emoji of the viewer on this message`,
  'Mutation.setReaction(input:)': 'The message, the emoji, and whether to add or remove it.',
  'Mutation.setTyping': `Tells the other connected members whether the viewer types. A message that the viewer sends ends it too.

- \`NOT_FOUND\` – no such chat, or the viewer was never a member
- \`FORBIDDEN\` – the viewer has left the chat
- \`SERVICE_DEGRADED\` – typing is paused`,
  'Mutation.setTyping(input:)': 'The chat, and whether the user types.',
  'Mutation.startDirectChat': `Returns the direct chat of the viewer and another user, and creates it if necessary. Both users get the same chat.

- \`BAD_USER_INPUT\` – \`userId\` is the viewer
- \`NOT_FOUND\` – no such user`,
  'Mutation.startDirectChat(input:)': 'The other user.',
  'Mutation.updateChat': `Changes the title or the message lifetime. Both users of a direct chat may change its lifetime.

- \`NOT_FOUND\` – no such chat, or the viewer was never a member
- \`FORBIDDEN\` – the viewer is neither owner nor admin of the group, or has left it
- \`FORBIDDEN\` – the chat is direct and \`title\` is set
- \`BAD_USER_INPUT\` – a value is out of bounds`,
  'Mutation.updateChat(input:)': 'The fields to change.',
  Node: 'An object that `Query.node` can find by its ID.',
  'Node.id': 'Globally unique and stable. Clients treat it as opaque.',
  PageInfo: 'The position of a page in its connection, as in the Relay cursor connections specification.',
  'PageInfo.endCursor': 'Cursor of the last item. Null if the page is empty.',
  'PageInfo.hasNextPage': 'True if more items follow this page. Reliable when paging with `first`.',
  'PageInfo.hasPreviousPage': 'True if more items precede this page. Reliable when paging with `last`.',
  'PageInfo.startCursor': 'Cursor of the first item. Null if the page is empty.',
  Presence: 'Whether a user is online. A user is online for 20 seconds after each user activity.',
  'Presence.lastSeenAt': 'When the user was last active. Null if the user was never active.',
  'Presence.online':
    'Null if the state is unknown, for example while presence is paused under load. Unknown is never reported as false.',
  'Presence.user': 'The user whose presence this is.',
  Query: 'Read operations. They are not user activity.',
  'Query.chat':
    'A chat that the viewer is or was a member of. Null if there is no such chat, or if the viewer was never a member.',
  'Query.chat(id:)': 'ID of the chat.',
  'Query.chats': `Chats that the viewer is or was a member of, the most recently active first.
A direct chat without messages is listed only to the user who started it.`,
  'Query.node': 'Finds an object by its ID. Null if it does not exist, or if the viewer may not see it.',
  'Query.node(id:)': 'ID of a user, chat, membership, message or attachment.',
  'Query.nodes':
    'Finds objects by their IDs and returns them in the same order, with null for each one that `node` would not find.',
  'Query.nodes(ids:)': 'At most 100 IDs. More are `BAD_USER_INPUT`.',
  'Query.serverInfo': 'Version, features and limits of the server. Readable without a token.',
  'Query.serviceStatus': 'The present service level of the gateway that serves this request.',
  'Query.user': 'Finds a user. Null if no user with this ID has signed in yet.',
  'Query.user(id:)': 'ID of the user.',
  'Query.viewer': 'The user whom the token names.',
  Reaction: 'All reactions to a message with the same emoji.',
  'Reaction.emoji': 'The fully qualified form of the emoji.',
  'Reaction.users': 'Users who reacted with this emoji, in the order of their reactions.',
  ReactionChanged: 'A member added or removed a reaction.',
  'ReactionChanged.added': 'True if the actor added the reaction, false if the actor removed it.',
  'ReactionChanged.emoji':
    'The fully qualified form of the emoji. Empty if the message is deleted or expired.',
  'ReactionChanged.message':
    'The message with its reactions after the change. Has no content if it was sent before the viewer joined.',
  ReceiptAdvanced: `The watermarks of a member advanced. On one stream they never go backwards.

- In a chat of up to 100 members, every member receives it.
- In a larger chat, only the member and the senders of the messages receive it, and it is not replayed.`,
  'ReceiptAdvanced.at': 'When the watermarks advanced.',
  'ReceiptAdvanced.chat': 'The chat that the watermarks belong to.',
  'ReceiptAdvanced.deliveredSeq': "The member's `deliveredSeq`.",
  'ReceiptAdvanced.member': 'The membership of `user`, with watermarks at least as high as in this receipt.',
  'ReceiptAdvanced.readSeq': "The member's `readSeq`.",
  'ReceiptAdvanced.user':
    'The user whose watermarks advanced. A receipt may arrive before the MemberAdded event of its user.',
  RemoveMemberInput: 'Input of `removeMember`.',
  'RemoveMemberInput.chatId': 'The group to remove from.',
  'RemoveMemberInput.userId': "The member to remove. The viewer's own ID leaves the group.",
  RemoveMemberPayload: 'Result of `removeMember`.',
  'RemoveMemberPayload.chat':
    'The group after the change, or as it was when the viewer left. Null is reserved for later versions.',
  RenewSessionInput: 'Input of `renewSession`.',
  'RenewSessionInput.token': 'A valid token of the same user.',
  RenewSessionPayload: 'Result of `renewSession`.',
  'RenewSessionPayload.expiresAt': 'When the new token expires. Null if it does not expire.',
  'RenewSessionPayload.viewer': 'The user whom the new token names.',
  SendMessageInput: 'Input of `sendMessage`.',
  'SendMessageInput.attachmentIds': `At most 10 uploads, in the order to show. Each must be the viewer's own, completed and unused.`,
  'SendMessageInput.body':
    '1 to 8,192 characters, without control characters except newline and tab. Optional if there are attachments.',
  'SendMessageInput.chatId': 'The chat to send to.',
  'SendMessageInput.clientMessageId':
    'Key chosen by the client for this message, 1 to 64 characters, unique per sender and chat. A UUID is suitable.',
  'SendMessageInput.replyToId': 'A message of the same chat to reply to. Null if this is not a reply.',
  'SendMessageInput.data': 'As `Message.data`, with at most 8 levels and 256 keys and items. Edits keep it.',
  'SendMessageInput.type': '1 to 64 letters, digits, dots, hyphens and underscores. Edits keep it.',
  SendMessagePayload: 'Result of `sendMessage`.',
  'SendMessagePayload.deduplicated':
    'True if the key was used before. `message` is then the first message, as it is now.',
  'SendMessagePayload.message': 'The new message, or the first one if `deduplicated` is true.',
  ApnsEnvironment: 'The servers of Apple that know a token.',
  'ApnsEnvironment.PRODUCTION': 'For apps from the App Store and TestFlight.',
  'ApnsEnvironment.SANDBOX': 'For builds of Xcode.',
  ApnsTargetInput: 'An app of Apple, by APNs.',
  'ApnsTargetInput.environment': 'The servers that know the token.',
  'ApnsTargetInput.token': 'The device token in hexadecimal.',
  'ApnsTargetInput.topic': 'The bundle id of the app. Null: the one that the operator has configured.',
  ChatNotifications: 'Whether a chat causes push messages for the viewer.',
  'ChatNotifications.level': 'ALL again once `until` has passed.',
  'ChatNotifications.until': 'When NONE ends. Null if it does not end.',
  FcmTargetInput: 'An app that uses Firebase Cloud Messaging.',
  'FcmTargetInput.token': 'The registration token, at most 4,096 characters.',
  NotificationLevel: 'Which messages of a chat cause push messages. Values may be added.',
  'NotificationLevel.ALL': 'All messages of users.',
  'NotificationLevel.NONE': 'None.',
  PushProvider: 'What brings push messages to devices. Values may be added.',
  'PushProvider.APNS': 'The push service of Apple.',
  'PushProvider.FCM': 'Firebase Cloud Messaging of Google.',
  'PushProvider.WEB_PUSH': 'The push services of browsers, by RFC 8030.',
  PushTargetInput: 'Where push messages for a device go.',
  'PushTargetInput.apns': 'An app of Apple.',
  'PushTargetInput.fcm': 'An app that uses Firebase, on Android.',
  'PushTargetInput.webPush': 'A browser, as `PushManager.subscribe` describes it.',
  'ServerInfo.push': 'What an app needs to set a push target.',
  ServerPush: 'Push messages of this server.',
  'ServerPush.providers': 'The providers that are on. Empty: push is off.',
  'ServerPush.webPushKey': 'The `applicationServerKey` of `PushManager.subscribe`. Null if Web Push is off.',
  SetChatNotificationsInput: 'Input of `setChatNotifications`.',
  'SetChatNotificationsInput.chatId': 'The chat.',
  'SetChatNotificationsInput.level': 'Which messages cause push messages.',
  'SetChatNotificationsInput.until': 'When NONE ends. Null: it does not end.',
  SetChatNotificationsPayload: 'Result of `setChatNotifications`.',
  'SetChatNotificationsPayload.chat': 'The chat after the change.',
  SetPushTargetInput: 'Input of `setPushTarget`.',
  'SetPushTargetInput.deviceId': 'The device, as in `inbox`.',
  'SetPushTargetInput.target': 'The new target. Null removes it.',
  SetPushTargetPayload: 'Result of `setPushTarget`.',
  'SetPushTargetPayload.provider': 'The provider of the target. Null if it was removed.',
  WebPushTargetInput: 'A subscription of a browser, by Web Push.',
  'WebPushTargetInput.auth': 'The 16 bytes of `getKey("auth")` in base64url.',
  'WebPushTargetInput.endpoint': 'An https URL of at most 2,048 characters.',
  'WebPushTargetInput.p256dh': 'The 65 bytes of `getKey("p256dh")` in base64url.',
  ServerInfo: 'What the server supports. One client build can use it to work with several server versions.',
  'ServerInfo.features':
    'Names of the optional features that this server offers, such as `uploads` and `search`. Ignore unknown names.',
  'ServerInfo.limits': 'The limits of this server.',
  'ServerInfo.version': 'Version of Parley on the gateway that serves this request, such as `1.4.0`.',
  ServerLimits:
    'Limits that a client can check before it sends an operation. The operator may set some of them.',
  'ServerLimits.maxAttachmentsPerMessage': 'Most attachments of one message.',
  'ServerLimits.maxBodyLength': 'Longest message body, in characters.',
  'ServerLimits.maxGroupMembers': 'Most members of a group.',
  'ServerLimits.maxMessageFrameBytes':
    'Largest WebSocket message that the gateway accepts, in bytes. It closes the connection with 1009 on a larger one.',
  'ServerLimits.maxPageSize': 'Largest `first` or `last` of a connection. Greater values are reduced to it.',
  'ServerLimits.maxUploadBytes': 'Largest upload, in bytes.',
  ServiceLevel: 'How much of the service is available on a gateway. Values may be added.',
  'ServiceLevel.BUSY': 'Typing and presence are paused. Receipts are late by about a second.',
  'ServiceLevel.ESSENTIAL':
    'Receipts, presence, typing, search and uploads are paused. Messages, groups, edits, reactions and history work.',
  'ServiceLevel.NORMAL': 'All features are available.',
  ServiceStatus:
    'The service level of one gateway. Each gateway has its own, so it may differ after a reconnect.',
  'ServiceStatus.level': 'The present level.',
  'ServiceStatus.paused':
    'Names of the paused features: `typing`, `presence`, `receipts`, `search`, `uploads`. Ignore unknown names.',
  'ServiceStatus.since': 'When the gateway entered this level.',
  SetMemberRoleInput: 'Input of `setMemberRole`.',
  'SetMemberRoleInput.chatId': 'The group of the member.',
  'SetMemberRoleInput.role': 'The role to assign.',
  'SetMemberRoleInput.userId':
    'The member. An owner may give up their own role while there is another owner.',
  SetMemberRolePayload: 'Result of `setMemberRole`.',
  'SetMemberRolePayload.member': 'The membership after the change.',
  SetReactionInput: 'Input of `setReaction`.',
  'SetReactionInput.emoji':
    'Exactly one emoji. Any spelling of it, with or without variation selectors, counts as the fully qualified emoji.',
  'SetReactionInput.messageId': 'The message to react to.',
  'SetReactionInput.present': 'True adds the reaction. False removes it.',
  SetReactionPayload: 'Result of `setReaction`.',
  'SetReactionPayload.message': 'The message with its reactions after the change.',
  SetTypingInput: 'Input of `setTyping`.',
  'SetTypingInput.chatId': 'The chat that the user types in.',
  'SetTypingInput.typing':
    'True while the user types: repeat it every 3 seconds. 5 seconds of silence count as false.',
  SetTypingPayload: 'Result of `setTyping`.',
  'SetTypingPayload.chat': 'The chat, unchanged.',
  StartDirectChatInput: 'Input of `startDirectChat`.',
  'StartDirectChatInput.userId': 'The other user, who must have signed in once.',
  StartDirectChatPayload: 'Result of `startDirectChat`.',
  'StartDirectChatPayload.chat':
    'The existing or new chat. The other user sees a new one listed once it has a message.',
  Subscription: 'Streams over WebSocket or SSE. They are not user activity.',
  'Subscription.chatEvents': `Delivers one chat: replay after a position, then CaughtUp, then live. It ends when the viewer leaves the chat.

- \`NOT_FOUND\` – no such chat, or the viewer was never a member
- \`BAD_USER_INPUT\` – \`afterSeq\` is negative`,
  'Subscription.chatEvents(afterSeq:)':
    'Position to replay from, as the seq of the last known event. Null starts at the head.',
  'Subscription.chatEvents(chatId:)': 'The chat. Receipts and typing of other chats are not delivered.',
  'Subscription.inbox': `Delivers the events of all chats of the viewer. Each chat's events arrive in \`seq\` order, without gap or repetition.

- With a \`deviceId\`: replays what this device has not acknowledged with \`markDelivered\`, then CaughtUp, then live.
- With a new \`deviceId\`: registers the device, then CaughtUp, then live.
- Without a \`deviceId\`: CaughtUp, then live. Events written to the socket count as delivered.

Always select \`... on ChatEvent { seq chat { id } }\`, and advance the position for event types that the client does
not know.`,
  'Subscription.inbox(deviceId:)': 'Chosen once by the app and kept on the device, 1 to 64 characters.',
  'Subscription.presence': `Delivers the present state of each user at once, then every change. If the viewer stops sharing a chat with a user,
one final \`online: null\` follows for them.

- \`NOT_FOUND\` – one of the users shares no chat with the viewer
- \`BAD_USER_INPUT\` – more than 500 users
- \`RATE_LIMITED\` – more than 5,000 users in all subscriptions of the viewer on this gateway`,
  'Subscription.presence(userIds:)': 'At most 500 users. Each must share a chat with the viewer.',
  'Subscription.serviceStatus': 'Delivers the present level at once, then every change.',
  TypingChanged: 'A member types, or has stopped. It is never stored or replayed.',
  'TypingChanged.chat': 'The chat that the member types in.',
  'TypingChanged.typing':
    'True is repeated at least every 4 seconds while the member goes on typing. Hide it 6 seconds after the last one.',
  'TypingChanged.user': 'The user who types.',
  UpdateChatInput: 'Input of `updateChat`.',
  'UpdateChatInput.chatId': 'The chat to change.',
  'UpdateChatInput.data': 'Replaces `Chat.data`. Null removes it.',
  'UpdateChatInput.messageTtlSeconds':
    'Lifetime of later messages in seconds, 5 to 31,536,000, or 0 to keep them permanently. Null changes nothing.',
  'UpdateChatInput.title':
    'New title of a group, 1 to 255 characters after surrounding whitespace is removed. Null keeps the title.',
  UpdateChatPayload: 'Result of `updateChat`.',
  'UpdateChatPayload.chat': 'The chat after the change.',
  User: 'A user of the product. The first use of a valid token creates its user.',
  'User.avatarUrl':
    "HTTP or HTTPS URL from the user's newest token, at most 2,048 characters. Null if the token has no usable picture.",
  'User.id': "`user_<subject>`, with the subject (`sub`) of the user's tokens.",
  'User.data': "The product's own data: a JSON object of at most 4,096 bytes. Only its backend changes it.",
  'User.name': "Display name from the user's newest token, 1 to 255 characters. Defaults to the subject.",
  'User.presence':
    'Null unless the user is the viewer or shares a chat with the viewer. A direct chat counts once it has a message.',
}

/** By the name of an argument or field alone. */
export const SHARED_DESCRIPTIONS: Readonly<Record<string, string>> = {
  'first:': 'Number of items from the start of the list, at most 100. Defaults to 20 unless `last` is set.',
  'after:': 'Return only items after this cursor.',
  'last:': 'Number of items from the end of the list, at most 100. `BAD_USER_INPUT` together with `first`.',
  'before:': 'Return only items before this cursor.',
  edges: 'The items of this page, in list order.',
  pageInfo: 'Where this page begins and ends.',
  cursor: 'Position of the item in the list. Clients treat it as opaque.',
}

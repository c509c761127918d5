const CHAT_EVENTS = [
  'MessageSent',
  'MessageEdited',
  'MessageDeleted',
  'ReactionChanged',
  'MemberAdded',
  'MemberRemoved',
  'MemberRoleChanged',
  'ChatUpdated',
]

/** The schema's interfaces and unions. A cache needs them to match `... on ChatEvent`. */
export const POSSIBLE_TYPES = {
  Node: ['Attachment', 'Chat', 'ChatMember', 'Message', 'User'],
  ChatEvent: CHAT_EVENTS,
  InboxEvent: [...CHAT_EVENTS, 'CaughtUp', 'InboxReset', 'ReceiptAdvanced', 'TypingChanged'],
}

import { isObjectType, parse } from 'graphql'
import { describe, expect, test } from 'vitest'
import { createSchema } from '../../../src/api/schema.ts'
import { isSharedSelection, variablesOfItems } from '../../../src/api/selection-sharing.ts'

const schema = createSchema()

const isShared = (query: string, itemType = 'MessageSent'): boolean =>
  isSharedSelection(schema, { document: parse(query) }, itemType)

const inbox = (selection: string): string => `subscription { inbox { ${selection} } }`

// A new field counts as one that depends on the viewer. Add it here only if its value is the same for all viewers.
test('the fields that are the same for every viewer', () => {
  const shared = Object.values(schema.getTypeMap())
    .filter(isObjectType)
    .flatMap((type) => Object.values(type.getFields()).map((field) => ({ type, field })))
    .filter(({ field }) => field.extensions.isShared === true)
    .map(({ type, field }) => `${type.name}.${field.name}`)
  expect(shared.toSorted()).toMatchInlineSnapshot(`
    [
      "Attachment.altText",
      "Attachment.byteSize",
      "Attachment.contentType",
      "Attachment.fileName",
      "Attachment.height",
      "Attachment.id",
      "Attachment.kind",
      "Attachment.thumbhash",
      "Attachment.thumbnailUrl",
      "Attachment.url",
      "Attachment.urlExpiresAt",
      "Attachment.width",
      "CaughtUp.at",
      "Chat.id",
      "ChatDeleted.actor",
      "ChatDeleted.at",
      "ChatDeleted.chat",
      "ChatDeleted.seq",
      "ChatUpdated.actor",
      "ChatUpdated.at",
      "ChatUpdated.chat",
      "ChatUpdated.seq",
      "InboxReset.reason",
      "MemberAdded.actor",
      "MemberAdded.at",
      "MemberAdded.chat",
      "MemberAdded.seq",
      "MemberAdded.user",
      "MemberRemoved.actor",
      "MemberRemoved.at",
      "MemberRemoved.chat",
      "MemberRemoved.seq",
      "MemberRemoved.user",
      "MemberRoleChanged.actor",
      "MemberRoleChanged.at",
      "MemberRoleChanged.chat",
      "MemberRoleChanged.role",
      "MemberRoleChanged.seq",
      "MemberRoleChanged.user",
      "Message.attachments",
      "Message.body",
      "Message.chat",
      "Message.clientMessageId",
      "Message.data",
      "Message.deletedAt",
      "Message.editedAt",
      "Message.expiresAt",
      "Message.id",
      "Message.kind",
      "Message.reactions",
      "Message.replyTo",
      "Message.sender",
      "Message.sentAt",
      "Message.seq",
      "Message.status",
      "Message.type",
      "MessageDeleted.actor",
      "MessageDeleted.at",
      "MessageDeleted.chat",
      "MessageDeleted.seq",
      "MessageEdited.actor",
      "MessageEdited.at",
      "MessageEdited.chat",
      "MessageEdited.seq",
      "MessageSent.actor",
      "MessageSent.at",
      "MessageSent.chat",
      "MessageSent.message",
      "MessageSent.seq",
      "Reaction.emoji",
      "Reaction.users",
      "ReactionChanged.actor",
      "ReactionChanged.added",
      "ReactionChanged.at",
      "ReactionChanged.chat",
      "ReactionChanged.emoji",
      "ReactionChanged.seq",
      "ReceiptAdvanced.at",
      "ReceiptAdvanced.chat",
      "ReceiptAdvanced.deliveredSeq",
      "ReceiptAdvanced.readSeq",
      "ReceiptAdvanced.user",
      "Subscription.chatEvents",
      "Subscription.inbox",
      "TypingChanged.chat",
      "TypingChanged.typing",
      "TypingChanged.user",
      "User.avatarUrl",
      "User.data",
      "User.id",
      "User.name",
    ]
  `)
})

describe('a selection is shared', () => {
  test.each([
    inbox('__typename ... on MessageSent { message { body sender { id name } chat { id } } }'),
    'subscription { own: inbox { ...E } } fragment E on ChatEvent { number: seq ...S } fragment S on MessageSent { at }',
    inbox('... on ChatEvent { seq chat { id } } ... on ChatUpdated { chat { title } }'),
    'subscription { chatEvents(chatId: "chat_x") { ... on MessageSent { seq } } }',
  ])('if all fields of the type of the item are: %s', (query) => {
    expect(isShared(query)).toBe(true)
  })

  test.each([
    inbox('... on MessageSent { message { chat { title } } }'),
    inbox('... on MessageSent { message { chat { unreadCount } } }'),
    'subscription { inbox { ...E } } fragment E on ChatEvent { actor { presence { online } } }',
    inbox('... on MessageSent { message { ... on Node { ... on Message { chat { headSeq } } } } }'),
    inbox('... on MessageSent { seq message { other: chat @skip(if: true) { viewerMember { id } } } }'),
  ])('but not if one depends on the viewer: %s', (query) => {
    expect(isShared(query)).toBe(false)
  })

  test('depending on the type of the item', () => {
    const query = inbox('... on ChatEvent { seq } ... on ChatUpdated { chat { title } }')
    expect([isShared(query, 'MessageSent'), isShared(query, 'ChatUpdated')]).toEqual([true, false])
  })

  test('never of a subscription without marks', () => {
    expect(isShared('subscription { presence(userIds: []) { online } }', 'Presence')).toBe(false)
  })
})

describe('the variables that results depend on', () => {
  test.each<[string, readonly string[]]>([
    ['subscription S($d: String) { inbox(deviceId: $d) { __typename } }', []],
    [
      `subscription S($d: String, $a: Boolean!, $n: Int) { inbox(deviceId: $d) { ...F } }
       fragment F on MessageSent { message @skip(if: $a) { attachments { thumbnailUrl(maxEdge: $n) } } }`,
      ['a', 'n'],
    ],
    ['subscription S($a: Boolean!) { inbox @include(if: $a) { __typename } }', ['a']],
    [
      `subscription S($d: String) { inbox(deviceId: $d) { ... on MessageSent { message { attachments {
       thumbnailUrl(maxEdge: $d) } } } } }`,
      ['d'],
    ],
  ])('%s', (query, names) => {
    expect(variablesOfItems({ document: parse(query) })).toEqual(names)
  })
})

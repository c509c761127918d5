import { badInput, ParleyError } from '../errors.ts'
import { type AttachmentId, type ChatId, parseGlobalId, type UserId } from '../ids.ts'
import type { Attachment } from '../events/attachment.ts'
import { type ChatView, isVisible, type Member } from '../events/chat.ts'
import { isExpired, type Message } from '../events/message.ts'
import type { User } from '../users/user.ts'
import type { Builder, ChatRef } from './builder.ts'
import { type Context, requireViewer } from './context.ts'

/** An object that was found, with the name of its type. */
type Found = Readonly<
  | ({ __typename: 'User' } & User)
  | ({ __typename: 'Chat' } & ChatRef)
  | ({ __typename: 'ChatMember' } & Member)
  | ({ __typename: 'Message' } & Message)
  | ({ __typename: 'Attachment' } & Attachment)
>

/** The most IDs of one `nodes` field. */
const MAX_NODES = 100

/** Defines the Node interface and its queries. An object that does not exist or that the viewer may not see is null. */
export function defineNodes(builder: Builder): void {
  builder.interfaceType('Node', {
    resolveType: (node) => (node as Found).__typename,
    fields: (t) => ({ id: t.id({ resolve: () => '' }) }),
  })
  builder.queryFields((t) => ({
    node: t.field({
      type: 'Node',
      nullable: true,
      args: { id: t.arg.id({ required: true }) },
      resolve: (_, { id }, context) => findNode(id, context),
    }),
    nodes: t.field({
      type: ['Node'],
      nullable: { list: false, items: true },
      args: { ids: t.arg.idList({ required: true }) },
      resolve: (_, { ids }, context) => {
        if (ids.length > MAX_NODES)
          throw badInput(`ids has more than ${MAX_NODES} items. Query fewer nodes at a time.`)
        return findNodes(ids, context)
      },
    }),
  }))
}

/**
 * Resolves with promises, so that one that rejects is an error of its item. If all of them reject with one error, it is
 * the error of the list: a hundred copies take a hundred times as long to make and to read.
 */
async function findNodes(
  ids: readonly string[],
  context: Context,
): Promise<readonly Promise<Found | null>[]> {
  const nodes = ids.map((id) => findNode(id, context))
  const outcomes = await Promise.allSettled(nodes)
  const reasons = new Set(
    outcomes.map((outcome) => (outcome.status === 'rejected' ? (outcome.reason as unknown) : undefined)),
  )
  if (reasons.size === 1 && !reasons.has(undefined)) await nodes[0]
  return nodes
}

/** Reads through loaders, so that a list of nodes costs one statement for each type. */
async function findNode(text: string, context: Context): Promise<Found | null> {
  const { userId } = requireViewer(context)
  const { loaders } = context
  const id = parseGlobalId(text)
  switch (id?.type) {
    case undefined:
      return null
    case 'User': {
      const user = await loaders.namedUser.load(id.id)
      return user === undefined ? null : { __typename: 'User', ...user }
    }
    case 'Chat': {
      const view = await findView(id.id, context)
      return view === undefined ? null : { __typename: 'Chat', id: id.id, view }
    }
    case 'ChatMember': {
      const member = await loaders.listedMember.load(id.id)
      return member === undefined ? null : { __typename: 'ChatMember', ...member }
    }
    case 'Message': {
      const view = await findView(id.id.chatId, context)
      const message = view && isVisible(view, id.id.seq) ? await loaders.message.load(id.id) : undefined
      return message === undefined ? null : { __typename: 'Message', ...message }
    }
    case 'Attachment': {
      const attachment = await findAttachment(userId, id.id, context)
      return attachment === undefined ? null : { __typename: 'Attachment', ...attachment }
    }
    default:
      return id satisfies never
  }
}

/** Returns undefined if the viewer was never a member, or if the chat is deleted. */
async function findView(chatId: ChatId, { loaders }: Context): Promise<ChatView | undefined> {
  try {
    const view = await loaders.chatView.load(chatId)
    return view.chat.deletedAt === null ? view : undefined
  } catch (error) {
    if (error instanceof ParleyError && error.code === 'NOT_FOUND') return undefined
    throw error
  }
}

/** Its uploader sees it until it is sent, and then everyone who sees the message. */
async function findAttachment(
  userId: UserId,
  id: AttachmentId,
  context: Context,
): Promise<Attachment | undefined> {
  const { loaders, clock } = context
  const { upload, sentWith } = (await loaders.upload.load(id)) ?? {}
  if (sentWith === undefined) return upload?.uploaderId === userId ? upload : undefined
  const view = await findView(sentWith.chatId, context)
  if (view === undefined || !isVisible(view, sentWith.seq)) return undefined
  const message = await loaders.message.load(sentWith)
  if (message === undefined || isExpired(message, clock.now())) return undefined
  return (await loaders.attachments.load(sentWith)).find((attachment) => attachment.id === id)
}

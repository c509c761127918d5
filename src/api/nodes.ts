import { badInput } from '../errors.ts'
import { type AttachmentId, parseGlobalId, type UserId } from '../ids.ts'
import type { Attachment } from '../events/attachment.ts'
import { isVisible, type Member } from '../events/chat.ts'
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
        return Promise.all(ids.map((id) => findNode(id, context)))
      },
    }),
  }))
}

async function findNode(text: string, context: Context): Promise<Found | null> {
  const { userId } = requireViewer(context)
  const { users, chats } = context.services
  const id = parseGlobalId(text)
  switch (id?.type) {
    case undefined:
      return null
    case 'User': {
      const user = await users.find(id.id)
      return user === undefined ? null : { __typename: 'User', ...user }
    }
    case 'Chat': {
      const view = await chats.find(userId, id.id)
      return view === undefined ? null : { __typename: 'Chat', id: id.id, view }
    }
    case 'ChatMember': {
      const member = await chats.findListed(userId, id.id)
      return member === undefined ? null : { __typename: 'ChatMember', ...member }
    }
    case 'Message': {
      const view = await chats.find(userId, id.id.chatId)
      const message =
        view && isVisible(view, id.id.seq) ? await context.loaders.message.load(id.id) : undefined
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

/** Its uploader sees it until it is sent, and then everyone who sees the message. */
async function findAttachment(
  userId: UserId,
  id: AttachmentId,
  { services, loaders, clock }: Context,
): Promise<Attachment | undefined> {
  const { upload, sentWith } = (await services.attachments.find(id)) ?? {}
  if (sentWith === undefined) return upload?.uploaderId === userId ? upload : undefined
  const view = await services.chats.find(userId, sentWith.chatId)
  if (view === undefined || !isVisible(view, sentWith.seq)) return undefined
  const message = await loaders.message.load(sentWith)
  if (message === undefined || isExpired(message, clock.now())) return undefined
  return (await loaders.attachments.load(sentWith)).find((attachment) => attachment.id === id)
}

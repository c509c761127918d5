import { idArgument } from '../arguments.ts'
import type { Builder } from '../builder.ts'
import { type Context, requireViewer } from '../context.ts'
import { SHARED } from '../selection-sharing.ts'
import { parseDeviceId } from '../../chats/client-key.ts'
import type { Member } from '../../events/chat.ts'
import type { ReceiptAdvanced } from '../../events/signal.ts'
import { chatPayload } from './chat-payload.ts'

export function defineReceipts(builder: Builder): void {
  defineMarkDelivered(builder)
  defineMarkRead(builder)
  builder.objectType('ReceiptAdvanced', {
    fields: (t) => ({
      chat: t.field({ ...SHARED, type: 'Chat', resolve: ({ chatId }) => ({ id: chatId }) }),
      user: t.field({
        ...SHARED,
        type: 'User',
        resolve: ({ userId }, _, { loaders }) => loaders.user.load(userId),
      }),
      member: t.field({ type: 'ChatMember', resolve: memberOf }),
      deliveredSeq: t.exposeInt('deliveredSeq', SHARED),
      readSeq: t.exposeInt('readSeq', SHARED),
      at: t.expose('at', { ...SHARED, type: 'DateTime' }),
    }),
  })
}

/** A member who has left may have lower watermarks in the database than in a receipt that was in flight. */
async function memberOf(receipt: ReceiptAdvanced, _: object, { loaders }: Context): Promise<Member> {
  const { chatId, userId, deliveredSeq, readSeq } = receipt
  const member = await loaders.membership.load({ chatId, userId })
  return {
    ...member,
    deliveredSeq: Math.max(member.deliveredSeq, deliveredSeq),
    readSeq: Math.max(member.readSeq, readSeq),
  }
}

function defineMarkDelivered(builder: Builder): void {
  const position = builder.inputType('ChatPosition', {
    fields: (t) => ({ chatId: t.id({ required: true }), seq: t.int({ required: true }) }),
  })
  const input = builder.inputType('MarkDeliveredInput', {
    fields: (t) => ({
      deviceId: t.string(),
      positions: t.field({ type: [position], required: true }),
    }),
  })
  const payload = builder.objectRef<{ members: Member[] }>('MarkDeliveredPayload').implement({
    fields: (t) => ({ members: t.expose('members', { type: ['ChatMember'] }) }),
  })
  builder.mutationField('markDelivered', (t) =>
    t.field({
      type: payload,
      args: { input: t.arg({ type: input, required: true }) },
      resolve: async (_, args, context) => {
        const { userId } = requireViewer(context)
        const deviceId = args.input.deviceId ?? undefined
        const positions = args.input.positions.map(({ chatId, seq }) => {
          return { chatId: idArgument.chat('chatId', chatId), seq }
        })
        const { receipts } = context.services
        return { members: await receipts.markDelivered(userId, parseDeviceId(deviceId), positions) }
      },
    }),
  )
}

function defineMarkRead(builder: Builder): void {
  const input = builder.inputType('MarkReadInput', {
    fields: (t) => ({ chatId: t.id({ required: true }), seq: t.int({ required: true }) }),
  })
  builder.mutationField('markRead', (t) =>
    t.field({
      type: chatPayload(builder, 'MarkReadPayload'),
      args: { input: t.arg({ type: input, required: true }) },
      resolve: async (_, args, context) => {
        const { userId } = requireViewer(context)
        const chatId = idArgument.chat('chatId', args.input.chatId)
        await context.services.receipts.markRead(userId, { chatId, seq: args.input.seq })
        return { chat: { id: chatId } }
      },
    }),
  )
}

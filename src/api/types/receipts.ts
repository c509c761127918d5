import { idArgument } from '../arguments.ts'
import type { Builder, ChatRef } from '../builder.ts'
import { requireViewer } from '../context.ts'
import { parseDeviceId } from '../../chats/client-key.ts'
import type { Member } from '../../events/chat.ts'

export function defineReceipts(builder: Builder): void {
  defineMarkDelivered(builder)
  defineMarkRead(builder)
  builder.objectType('ReceiptAdvanced', {
    description:
      "A member's watermarks moved. They only ever grow, so the newest one a client has seen is the truth.",
    fields: (t) => ({
      chat: t.field({ type: 'Chat', resolve: ({ chatId }) => ({ id: chatId }) }),
      user: t.field({ type: 'User', resolve: ({ userId }, _, { loaders }) => loaders.user.load(userId) }),
      deliveredSeq: t.exposeInt('deliveredSeq'),
      readSeq: t.exposeInt('readSeq'),
      at: t.expose('at', { type: 'DateTime' }),
    }),
  })
}

function defineMarkDelivered(builder: Builder): void {
  const position = builder.inputType('ChatPosition', {
    fields: (t) => ({ chatId: t.id({ required: true }), seq: t.int({ required: true }) }),
  })
  const input = builder.inputType('MarkDeliveredInput', {
    fields: (t) => ({
      deviceId: t.string({
        description: "Without it: delivered to the viewer, but no device's replay position moves.",
      }),
      positions: t.field({ type: [position], required: true }),
    }),
  })
  const payload = builder.objectRef<{ members: Member[] }>('MarkDeliveredPayload').implement({
    fields: (t) => ({ members: t.expose('members', { type: ['ChatMember'] }) }),
  })
  builder.mutationField('markDelivered', (t) =>
    t.field({
      type: payload,
      description:
        'The device has everything up to these positions. Lower ones than already known change nothing.',
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
  const payload = builder.objectRef<{ chat: ChatRef }>('MarkReadPayload').implement({
    fields: (t) => ({ chat: t.expose('chat', { type: 'Chat' }) }),
  })
  builder.mutationField('markRead', (t) =>
    t.field({
      type: payload,
      description: 'The viewer has read the chat up to this position; implies delivered.',
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

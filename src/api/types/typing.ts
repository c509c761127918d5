import { idArgument } from '../arguments.ts'
import type { Builder } from '../builder.ts'
import { requireViewer } from '../context.ts'
import { SHARED } from '../selection-sharing.ts'
import { chatPayload } from './chat-payload.ts'

export function defineTyping(builder: Builder): void {
  builder.objectType('TypingChanged', {
    fields: (t) => ({
      chat: t.field({ ...SHARED, type: 'Chat', resolve: ({ chatId }) => ({ id: chatId }) }),
      user: t.field({
        ...SHARED,
        type: 'User',
        resolve: ({ userId }, _, { loaders }) => loaders.user.load(userId),
      }),
      typing: t.exposeBoolean('typing', SHARED),
    }),
  })
  const input = builder.inputType('SetTypingInput', {
    fields: (t) => ({ chatId: t.id({ required: true }), typing: t.boolean({ required: true }) }),
  })
  builder.mutationField('setTyping', (t) =>
    t.field({
      type: chatPayload(builder, 'SetTypingPayload'),
      args: { input: t.arg({ type: input, required: true }) },
      resolve: async (_, args, context) => {
        const { userId } = requireViewer(context)
        const id = idArgument.chat('chatId', args.input.chatId)
        await context.services.typing.set(userId, id, args.input.typing)
        return { chat: { id } }
      },
    }),
  )
}

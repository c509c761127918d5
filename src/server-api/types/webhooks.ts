import { idArgument } from '../../api/arguments.ts'
import { badInput, notFound } from '../../errors.ts'
import type { ServerBuilder } from '../builder.ts'
import { requireChat } from './chats.ts'

export function defineWebhooks(builder: ServerBuilder): void {
  const input = builder.inputType('ReplayWebhooksInput', {
    fields: (t) => ({
      chatId: t.id({ required: true }),
      afterSeq: t.int({ required: true }),
      webhookId: t.string(),
    }),
  })
  const payload = builder.objectRef<{ webhookIds: readonly string[] }>('ReplayWebhooksPayload').implement({
    fields: (t) => ({
      webhookIds: t.stringList({ resolve: ({ webhookIds }) => [...webhookIds] }),
    }),
  })
  builder.mutationField('replayWebhooks', (t) =>
    t.field({
      type: payload,
      args: { input: t.arg({ type: input, required: true }) },
      resolve: async (_, args, context) => {
        const { afterSeq, webhookId } = args.input
        if (afterSeq < 0) throw badInput('afterSeq must be 0 or more.')
        const { id: chatId } = await requireChat(idArgument.chat('chatId', args.input.chatId), context)
        const { webhooks } = context.services
        const ids = (await webhooks.list()).map(({ id }) => id)
        const chosen = webhookId === null || webhookId === undefined ? ids : [webhookId]
        if (!chosen.every((id) => ids.includes(id))) throw notFound('Webhook')
        for (const id of chosen) await webhooks.replay(id, chatId, afterSeq)
        return { webhookIds: chosen }
      },
    }),
  )
}

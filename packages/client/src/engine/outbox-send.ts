import { ParleyError } from '../errors.ts'
import type { Engine } from './engine.ts'
import type { Variables } from './select.ts'

/**
 * Sends a message through the outbox, under the key that the app has chosen. Resolves to the id of the message once
 * the chat's log holds it. Rejects with the server's definite error, or if the app discards the message. After a
 * reload the outbox goes on, without this promise.
 */
export async function sendThroughOutbox(engine: Engine, input: Variables): Promise<string> {
  const { model, signal } = engine
  const { chatId, body, replyToId, attachmentIds, clientMessageId } = input as Readonly<{
    chatId: string
    body?: string | null
    replyToId?: string | null
    attachmentIds?: readonly string[] | null
    clientMessageId: string
  }>
  const { outbox } = await engine.whenOpen()
  const message = {
    ...(typeof body === 'string' && { body }),
    ...(typeof replyToId === 'string' && { replyToId }),
    ...(attachmentIds && attachmentIds.length > 0 && { attachmentIds }),
  }
  if (find() === undefined) await outbox.add(chatId, message, clientMessageId)

  function find() {
    const { messages } = model.state(chatId).getSnapshot()
    return messages.findLast(
      (shown) => shown.clientMessageId === clientMessageId && shown.sender.id === model.viewerId,
    )
  }

  return await new Promise((resolve, reject) => {
    const settle = (end: () => void): void => {
      dispose()
      signal.removeEventListener('abort', check)
      end()
    }
    const check = (): void => {
      const found = find()
      if (signal.aborted)
        return settle(() =>
          reject(new ParleyError('CLOSED', 'The client is closed. The outbox goes on later.')),
        )
      if (found === undefined)
        return settle(() => reject(new ParleyError('DISCARDED', 'The message was discarded.')))
      const { id, error } = found
      if (error !== undefined) return settle(() => reject(new ParleyError(error.code, error.message)))
      const isLogged = model.get(chatId)?.messages.some((record) => record.id === id) === true
      if (id !== undefined && isLogged) settle(() => resolve(id))
    }
    const dispose = model.watch((changed) => changed.has(chatId) && check())
    signal.addEventListener('abort', check)
    check()
  })
}

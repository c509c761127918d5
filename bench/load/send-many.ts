import type { Client } from './client.ts'
import { inParallel } from './parallel.ts'

const AT_ONCE = 50

/** Sends messages to a chat, numbered from 0, and resolves when all are answered. */
export async function sendMany(sender: Client, chatId: string, count: number): Promise<void> {
  const frame = sender.sendFrame(chatId)
  const waiting = new Map<number, (isRefused: boolean) => void>()
  sender.listen({
    arrived: () => undefined,
    answered: (number, isRefused) => waiting.get(number)?.(isRefused),
  })
  const send = async (number: number): Promise<void> => {
    for (;;) {
      const { promise, resolve } = Promise.withResolvers<boolean>()
      waiting.set(number, resolve)
      sender.write(frame.with(number))
      if (!(await promise)) return
    }
  }
  await inParallel(count, send, AT_ONCE)
}

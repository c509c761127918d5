import { inParallel } from './parallel.ts'
import { Client } from './client.ts'
import type { NumberedFrame } from './numbered-frame.ts'
import type { Opening } from './workload.ts'

/** A sender, and a recipient with an inbox who is connected to the next gateway. */
export type Pair = Readonly<{ sender: Client; recipient: Client; frame: NumberedFrame }>

export async function openPairs({ urls, secret, pairs }: Opening): Promise<readonly Pair[]> {
  const urlOf = (index: number): string => urls[index % urls.length] ?? ''
  return inParallel(pairs, async (index) => {
    const [sender, recipient] = await Promise.all([
      Client.open({ url: urlOf(index), secret, name: `sender${index}` }),
      Client.open({ url: urlOf(index + 1), secret, name: `recipient${index}` }),
    ])
    const chatId = await sender.startDirectChat(recipient)
    await recipient.startInbox()
    return { sender, recipient, frame: sender.sendFrame(chatId) }
  })
}

import { inParallel } from './parallel.ts'
import { Client } from './client.ts'
import type { NumberedText } from './numbered-frame.ts'
import type { ClientOptions, User } from './user.ts'
import { XmppUser } from './xmpp-user.ts'
import type { Opening } from './workload.ts'

/** A sender, and a recipient with an inbox who is connected to the next gateway. */
export type Pair = Readonly<{ sender: User; recipient: User; frame: NumberedText }>

export async function openPairs({ urls, secret, pairs }: Opening): Promise<readonly Pair[]> {
  const urlOf = (index: number): string => urls[index % urls.length] ?? ''
  return inParallel(pairs, async (index) => {
    const [sender, recipient] = await Promise.all([
      openUser({ url: urlOf(index), secret, name: `sender${index}` }),
      openUser({ url: urlOf(index + 1), secret, name: `recipient${index}` }),
    ])
    const chatId = await sender.startDirectChat(recipient)
    await recipient.startInbox()
    return { sender, recipient, frame: sender.sendFrame(chatId) }
  })
}

export function usersOf(pairs: readonly Pair[]): readonly User[] {
  return pairs.flatMap(({ sender, recipient }) => [sender, recipient])
}

function openUser(options: ClientOptions): Promise<User> {
  return options.url.startsWith('xmpp:') ? XmppUser.open(options) : Client.open(options)
}

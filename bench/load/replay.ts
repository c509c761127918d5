import { Client } from './client.ts'
import { sendMany } from './send-many.ts'
import { Latencies } from './latencies.ts'
import { inParallel } from './parallel.ts'
import type { Load, Opening, Outcome } from './workload.ts'

const PENDING = 300

/**
 * A group whose devices were away while it received some messages. Each run connects all of them, and lasts until all
 * have caught up. Nothing is acknowledged, so every run is alike.
 */
export async function openReplay(opening: Opening): Promise<(load: Load) => Promise<Outcome>> {
  const { urls, secret, members } = opening
  const connect = (index: number): Promise<Client> =>
    Client.open({ url: urls[index % urls.length] ?? '', secret, name: `member${index}` })
  const sender = await Client.open({ url: urls[0] ?? '', secret, name: 'sender' })
  const present = await inParallel(members, connect)
  const chatId = await sender.createGroup(present)
  // A device has pending events from its first inbox on.
  await inParallel(members, async (index) => present[index]?.startInbox())
  for (const client of present) client.close()
  await sendMany(sender, chatId, PENDING)

  return async () => {
    const latencies = new Latencies()
    let events = 0
    const began = performance.now()
    const clients = await inParallel(members, async (index) => {
      const startedAt = performance.now()
      const client = await connect(index)
      client.listen({ arrived: () => void (events += 1), answered: () => undefined })
      await client.startInbox()
      latencies.record(performance.now() - startedAt)
      return client
    })
    const perSecond = events / ((performance.now() - began) / 1000)
    for (const client of clients) client.close()
    const lost = members * PENDING - events
    return { count: events, figures: { perSecond, ...latencies.figures(), refused: 0, lost } }
  }
}

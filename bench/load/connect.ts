import { pause } from '../../src/lib/async.ts'
import { Client } from './client.ts'
import { Latencies } from './latencies.ts'
import { inParallel } from './parallel.ts'
import type { Load, Opening, Outcome } from './workload.ts'

/** Timers of the connecting phase hold memory until they fire. They take less than ten seconds. */
const SETTLE_MS = 11_000

/** New users: each connects, starts an inbox, and leaves as soon as the inbox is live. `pairs` of them at a time. */
export async function openConnect(opening: Opening): Promise<(load: Load) => Promise<Outcome>> {
  let users = 0
  return async ({ seconds }) => {
    const latencies = new Latencies()
    const began = performance.now()
    const until = began + seconds * 1000
    const worker = async (): Promise<void> => {
      while (performance.now() < until) {
        const startedAt = performance.now()
        users += 1
        const client = await openOne(opening, users)
        await client.startInbox()
        latencies.record(performance.now() - startedAt)
        client.close()
      }
    }
    await Promise.all(Array.from({ length: opening.pairs }, worker))
    const perSecond = latencies.count / ((performance.now() - began) / 1000)
    return { count: latencies.count, figures: { perSecond, ...latencies.figures(), refused: 0, lost: 0 } }
  }
}

/** Idle connections with an inbox: each run opens `members` more, and leaves all of them open. */
export async function openIdle(opening: Opening): Promise<(load: Load) => Promise<Outcome>> {
  const clients: Client[] = []
  return async () => {
    const first = clients.length
    const more = await inParallel(opening.members, async (index) => {
      const client = await openOne(opening, first + index)
      await client.startInbox()
      return client
    })
    clients.push(...more)
    await pause(SETTLE_MS)
    return { count: more.length, figures: { open: clients.length, refused: 0, lost: 0 } }
  }
}

function openOne({ urls, secret }: Opening, number: number): Promise<Client> {
  return Client.open({ url: urls[number % urls.length] ?? '', secret, name: `user${number}` })
}

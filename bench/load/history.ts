import { pause } from '../../src/lib/async.ts'
import { Client } from './client.ts'
import { HISTORY, subscribeText } from './documents.ts'
import { Latencies } from './latencies.ts'
import { NUMBER, NumberedFrame } from './numbered-frame.ts'
import { inParallel } from './parallel.ts'
import { sendMany } from './send-many.ts'
import type { Load, Opening, Outcome } from './workload.ts'

const MESSAGES = 2_000
const PER_PAGE = 100
/** The numbers of messages come first. */
const FIRST_REQUEST = MESSAGES + 1

type Page = Readonly<{ messages: { edges: readonly { cursor: string }[] } }>
type Readers = Readonly<{ readers: readonly Client[]; frames: readonly NumberedFrame[] }>

/** Readers of one long chat. Each has one request in flight, for one page after the other. */
export async function openHistory({
  urls,
  secret,
  pairs,
}: Opening): Promise<(load: Load) => Promise<Outcome>> {
  const readers = await inParallel(pairs, (index) =>
    Client.open({ url: urls[index % urls.length] ?? '', secret, name: `reader${index}` }),
  )
  const [first, ...others] = readers
  if (first === undefined) throw new Error('A chat needs a reader.')
  const chatId = await first.createGroup(others)
  await sendMany(first, chatId, MESSAGES)
  const frames = await pageFrames(first, chatId)
  return ({ seconds }) => run({ readers, frames }, seconds)
}

/** Reads all pages once, and returns a request for each full one. */
async function pageFrames(reader: Client, chatId: string): Promise<readonly NumberedFrame[]> {
  const frames: NumberedFrame[] = []
  let before: string | undefined
  for (;;) {
    const variables = { id: chatId, last: PER_PAGE, before }
    const { chat } = await reader.ask(HISTORY, variables)
    const { edges } = (chat as Page).messages
    if (edges.length < PER_PAGE) return frames
    frames.push(new NumberedFrame(subscribeText(`n${NUMBER}`, HISTORY, variables)))
    before = edges[0]?.cursor
  }
}

async function run({ readers, frames }: Readers, seconds: number): Promise<Outcome> {
  const latencies = new Latencies()
  const sentAt = new Map<number, number>()
  let [count, failed, isRunning, next] = [0, 0, true, FIRST_REQUEST]
  const request = (reader: Client): void => {
    const frame = frames[next % frames.length]?.with(next)
    if (frame === undefined) throw new Error('The chat has no page.')
    sentAt.set(next, performance.now())
    next += 1
    reader.write(frame)
  }
  for (const reader of readers) {
    reader.listen({
      arrived: () => undefined,
      answered(number, isRefused) {
        latencies.record(performance.now() - (sentAt.get(number) ?? NaN))
        sentAt.delete(number)
        if (isRefused) failed += 1
        else count += PER_PAGE
        if (isRunning) request(reader)
      },
    })
  }
  const began = performance.now()
  for (const reader of readers) request(reader)
  await pause(seconds * 1000)
  isRunning = false
  const perSecond = count / ((performance.now() - began) / 1000)
  while (sentAt.size > 0) await pause(1)
  return { count, figures: { perSecond, ...latencies.figures(), refused: failed, lost: 0 } }
}

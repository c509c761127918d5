import { pause } from '../../src/lib/async.ts'
import { Client } from './client.ts'
import { KeptInbox } from './kept-inbox.ts'
import { Latencies } from './latencies.ts'
import { MessagesInFlight } from './messages-in-flight.ts'
import type { NumberedFrame } from './numbered-frame.ts'
import { inParallel } from './parallel.ts'
import type { ClientOptions } from './user.ts'
import type { Load, Opening, Outcome } from './workload.ts'

type HotChat = Readonly<{
  senders: readonly Client[]
  frames: readonly NumberedFrame[]
  inbox: KeptInbox
}>

/**
 * One group whose members all send. Each has one message in flight. One of them holds an inbox, on another connection.
 */
export async function openHotChat(opening: Opening): Promise<(load: Load) => Promise<Outcome>> {
  const { urls, secret, members: count } = opening
  const optionsOf = (index: number): ClientOptions => {
    return { url: urls[index % urls.length] ?? '', secret, name: `member${index}` }
  }
  const senders = await inParallel(count, (index) => Client.open(optionsOf(index)))
  const [first, ...others] = senders
  if (first === undefined) throw new Error('A group needs a member.')
  const chatId = await first.createGroup(others)
  const inbox = await KeptInbox.open(optionsOf(0))
  const frames = senders.map((sender) => sender.sendFrame(chatId))
  const messages = new MessagesInFlight()
  return ({ seconds }) => run({ senders, frames, inbox }, messages, seconds)
}

async function run(
  { senders, frames, inbox }: HotChat,
  messages: MessagesInFlight,
  seconds: number,
): Promise<Outcome> {
  const answers = new Latencies()
  let [count, refused, isRunning] = [0, 0, true]
  const send = (index: number): void => {
    const frame = frames[index]?.with(messages.add(performance.now(), index, 1))
    if (frame !== undefined) senders[index]?.write(frame)
  }
  const listener = {
    arrived: (number: number): void => void messages.take(number),
    answered(number: number, isRefused: boolean): void {
      answers.record(performance.now() - messages.dueAt(number))
      if (isRefused) {
        refused += 1
        messages.drop(number)
      } else {
        count += 1
        messages.take(number)
      }
      if (isRunning) send(messages.owner(number))
    },
  }
  for (const client of [...senders, inbox]) client.listen(listener)
  const closesBefore = inbox.closes
  const began = performance.now()
  for (const index of senders.keys()) send(index)
  await pause(seconds * 1000)
  isRunning = false
  const perSecond = count / ((performance.now() - began) / 1000)
  const lost = await messages.drain()
  const closes = inbox.closes - closesBefore
  return { count, figures: { perSecond, ...answers.figures(), refused, lost, closes } }
}

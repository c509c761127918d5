import { pause } from '../../src/lib/async.ts'
import { Client } from './client.ts'
import { whileConnected } from './connected.ts'
import { Latencies } from './latencies.ts'
import { MessagesInFlight } from './messages-in-flight.ts'
import type { NumberedFrame } from './numbered-frame.ts'
import { inParallel } from './parallel.ts'
import type { Load, Opening, Outcome, Run } from './workload.ts'

type Group = Readonly<{ sender: Client; members: readonly Client[]; frame: NumberedFrame }>

/**
 * One group. A few messages are in flight, and the sender sends the next one when one was answered and has reached all
 * members.
 */
export async function openFanOut(opening: Opening): Promise<Run> {
  const group = await openGroup(opening)
  const messages = new MessagesInFlight()
  const guarded = whileConnected([group.sender, ...group.members])
  return (load) => guarded(run(group, messages, load))
}

async function openGroup({ urls, secret, members: count }: Opening): Promise<Group> {
  const urlOf = (index: number): string => urls[index % urls.length] ?? ''
  const sender = await Client.open({ url: urlOf(0), secret, name: 'sender' })
  const members = await inParallel(count, (index) =>
    Client.open({ url: urlOf(index), secret, name: `member${index}` }),
  )
  const chatId = await sender.createGroup(members)
  await inParallel(count, async (index) => members[index]?.startInbox())
  return { sender, members, frame: sender.sendFrame(chatId) }
}

async function run(
  { sender, members, frame }: Group,
  messages: MessagesInFlight,
  { seconds, inFlight }: Load,
): Promise<Outcome> {
  const latencies = new Latencies()
  let [count, refused, isRunning] = [0, 0, true]
  const send = (): void => sender.write(frame.with(messages.add(performance.now(), 0, members.length)))
  const complete = (number: number): void => {
    if (messages.take(number) && isRunning) send()
  }
  const listener = {
    arrived(number: number) {
      count += 1
      latencies.record(performance.now() - messages.dueAt(number))
      complete(number)
    },
    answered(number: number, isRefused: boolean) {
      if (!isRefused) return complete(number)
      refused += 1
      messages.drop(number)
      if (isRunning) send()
    },
  }
  for (const client of [sender, ...members]) client.listen(listener)
  const began = performance.now()
  for (let started = 0; started < inFlight; started += 1) send()
  await pause(seconds * 1000)
  isRunning = false
  const perSecond = count / ((performance.now() - began) / 1000)
  const lost = await messages.drain()
  return { count, figures: { perSecond, ...latencies.figures(), refused, lost } }
}

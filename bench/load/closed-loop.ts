import { pause } from '../../src/lib/async.ts'
import { whileConnected } from './connected.ts'
import { Latencies } from './latencies.ts'
import { MessagesInFlight } from './messages-in-flight.ts'
import { openPairs, type Pair, usersOf } from './pairs.ts'
import type { Opening, Outcome, Run } from './workload.ts'

const REFUSED_PAUSE_MS = 100

/**
 * Saturation: every pair has one message in flight. The sender sends the next one when the message was answered and
 * has arrived.
 */
export async function openClosedLoop(opening: Opening): Promise<Run> {
  const pairs = await openPairs(opening)
  const messages = new MessagesInFlight()
  const guarded = whileConnected(usersOf(pairs))
  return ({ seconds }) => guarded(run(pairs, messages, seconds))
}

async function run(pairs: readonly Pair[], messages: MessagesInFlight, seconds: number): Promise<Outcome> {
  const latencies = new Latencies()
  let [count, refused, isRunning] = [0, 0, true]
  const send = (index: number): void => {
    const { sender, frame } = pairs[index] as Pair
    sender.write(frame.with(messages.add(performance.now(), index, 1)))
  }
  const complete = (number: number): void => {
    if (!messages.take(number)) return
    count += 1
    if (isRunning) send(messages.owner(number))
  }
  const retry = async (number: number): Promise<void> => {
    refused += 1
    messages.drop(number)
    await pause(REFUSED_PAUSE_MS)
    if (isRunning) send(messages.owner(number))
  }
  const listener = {
    arrived(number: number) {
      latencies.record(performance.now() - messages.dueAt(number))
      complete(number)
    },
    answered(number: number, isRefused: boolean) {
      if (isRefused) void retry(number)
      else complete(number)
    },
  }
  for (const user of usersOf(pairs)) user.listen(listener)
  const began = performance.now()
  for (const index of pairs.keys()) send(index)
  await pause(seconds * 1000)
  isRunning = false
  const perSecond = count / ((performance.now() - began) / 1000)
  const lost = await messages.drain()
  return { count, figures: { perSecond, ...latencies.figures(), refused, lost } }
}

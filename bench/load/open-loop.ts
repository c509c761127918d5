import { whileConnected } from './connected.ts'
import { Latencies } from './latencies.ts'
import { MessagesInFlight } from './messages-in-flight.ts'
import { offer } from './offer.ts'
import { openPairs, type Pair, usersOf } from './pairs.ts'
import type { Load, Opening, Outcome, Run } from './workload.ts'

/**
 * Latencies of the first second do not count: the thread of the pacer starts then, and processes that slept while other
 * systems took their turns have cold caches.
 */
const LEAD_IN_SECONDS = 1

/**
 * Offers messages at a fixed rate, whether or not earlier ones were answered. A latency counts from the time at which
 * the message was due, so a stalled system is charged for the messages that it delayed (no coordinated omission).
 */
export async function openOpenLoop(opening: Opening): Promise<Run> {
  const pairs = await openPairs(opening)
  const messages = new MessagesInFlight()
  const guarded = whileConnected(usersOf(pairs))
  return (load) => guarded(run(pairs, messages, load))
}

async function run(
  pairs: readonly Pair[],
  messages: MessagesInFlight,
  { seconds, perSecond }: Load,
): Promise<Outcome> {
  const [received, answers, lateness] = [new Latencies(), new Latencies(), new Latencies()]
  let [refused, countsFrom] = [0, Infinity]
  const record = (latencies: Latencies, dueAt: number): void => {
    if (dueAt >= countsFrom) latencies.record(performance.now() - dueAt)
  }
  const listener = {
    arrived(number: number) {
      record(received, messages.dueAt(number))
      messages.take(number)
    },
    answered(number: number, isRefused: boolean) {
      record(answers, messages.dueAt(number))
      if (isRefused) refused += 1
      if (isRefused) messages.drop(number)
      else messages.take(number)
    },
  }
  for (const user of usersOf(pairs)) user.listen(listener)
  const offered = await offer({ seconds: LEAD_IN_SECONDS + seconds, perSecond }, (dueAt, index) => {
    const { sender, frame } = pairs[index % pairs.length] as Pair
    if (index === 0) countsFrom = dueAt + LEAD_IN_SECONDS * 1_000
    record(lateness, dueAt)
    sender.write(frame.with(messages.add(dueAt, index % pairs.length, 1)))
  })
  const lost = await messages.drain()
  const figures = {
    ...received.figures(),
    answerP50: answers.at(50),
    answerP99: answers.at(99),
    // The part of a latency that the load generator itself may have caused.
    lateP99: lateness.at(99),
    refused,
    lost,
  }
  return { count: offered - refused - lost, figures }
}

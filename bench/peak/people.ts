// The simulated users, in their own process, so that the gateway's process does nothing else. Prints JSON lines, see
// second.ts.
import { pause } from '../../src/lib/async.ts'
import { issueToken } from '../../src/auth/issue-token.ts'
import { Connection } from './connection.ts'
import type { Line } from './second.ts'
import { Speaker } from './speaker.ts'
import { STEPS } from './steps.ts'
import { Tally } from './tally.ts'

const PAIRS = 200
/** The share of users who write half of all messages. */
const HEAVY_SHARE = 0.05
const NEWCOMERS_PER_SECOND = 4
const TICK_MS = 10
const SETTLE_WITHIN_MS = 60_000

const START = `mutation ($input: StartDirectChatInput!) { startDirectChat(input: $input) { chat { id } } }`

const [url = '', secret = ''] = process.argv.slice(2)
const tally = new Tally()

function print(line: Line): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

async function connect(name: string): Promise<Connection> {
  return Connection.open(url, await issueToken(secret, { subject: name, name }))
}

async function pair(number: number): Promise<Speaker[]> {
  const [one, other] = await Promise.all([connect(`a${number}`), connect(`b${number}`)])
  const { data, errors } = await one.ask(START, { input: { userId: `user_b${number}` } })
  if (!data) throw new Error(JSON.stringify(errors))
  const { chat } = data['startDirectChat'] as { chat: { id: string } }
  const speakers = [speaker(one, `a${number}`, chat.id), speaker(other, `b${number}`, chat.id)]
  await Promise.all(speakers.map((speaker) => speaker.listen()))
  return speakers
}

function speaker(connection: Connection, name: string, chatId: string): Speaker {
  return new Speaker(connection, { connect: () => connect(name), tally, id: `user_${name}`, chatId })
}

async function gather(): Promise<readonly Speaker[]> {
  const speakers: Speaker[] = []
  for (let number = 0; number < PAIRS; number += 10) {
    const some = Array.from({ length: 10 }, (_, index) => pair(number + index))
    speakers.push(...(await Promise.all(some)).flat())
  }
  return speakers
}

function oneOf<Item>(items: readonly Item[]): Item {
  return items[Math.floor(Math.random() * items.length)] as Item
}

/** Connects a new user, and disconnects them if they were admitted. */
async function newcomer(number: number): Promise<void> {
  try {
    const connection = await connect(`newcomer${number}`)
    tally.newcomer(false)
    await pause(2_000)
    connection.close()
  } catch {
    tally.newcomer(true)
  }
}

/** Offers the messages of the steps without waiting for results, as on New Year's Eve. */
async function speak(speakers: readonly Speaker[]): Promise<void> {
  const heavy = speakers.slice(0, Math.ceil(speakers.length * HEAVY_SHARE))
  const began = performance.now()
  let [at, due, last, newcomers] = [0, 0, began, 0]
  for (const { perSecond, seconds } of STEPS) {
    for (const until = at + seconds; at < until;) {
      await pause(TICK_MS)
      const now = performance.now()
      due += ((now - last) * perSecond) / 1000
      last = now
      for (; due >= 1; due -= 1) oneOf(Math.random() < 0.5 ? heavy : speakers).send()
      if ((now - began) / 1000 < at + 1) continue
      print({ type: 'second', second: tally.turn(at) })
      at += 1
      for (let count = 0; count < NEWCOMERS_PER_SECOND; count += 1) void newcomer((newcomers += 1))
    }
  }
}

async function settle(): Promise<number> {
  const from = performance.now()
  while (!tally.isSettled() && performance.now() - from < SETTLE_WITHIN_MS) await pause(50)
  return performance.now() - from
}

await speak(await gather())
print({ type: 'end', ending: tally.ending(await settle()) })
process.exit(0)

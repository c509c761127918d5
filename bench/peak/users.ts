// The simulated users, in their own process, so that the gateway's process does nothing else. Prints JSON lines, see
// samples.ts.
import { pause } from '../../src/lib/async.ts'
import { issueToken } from '../../src/auth/issue-token.ts'
import { Connection } from '../load/connection.ts'
import type { Line } from './samples.ts'
import { SimulatedUser } from './simulated-user.ts'
import { STEPS } from './steps.ts'
import { Statistics } from './statistics.ts'

const PAIRS = 200
/** The share of users who write half of all messages. */
const HEAVY_SHARE = 0.05
const NEWCOMERS_PER_SECOND = 4
const TICK_MS = 10
const SETTLE_WITHIN_MS = 60_000

const START = `mutation ($input: StartDirectChatInput!) { startDirectChat(input: $input) { chat { id } } }`

const [url = '', secret = ''] = process.argv.slice(2)
const statistics = new Statistics()

function print(line: Line): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

async function connect(name: string): Promise<Connection> {
  return Connection.open(url, await issueToken(secret, { subject: name, name }))
}

async function connectPair(number: number): Promise<SimulatedUser[]> {
  const [one, other] = await Promise.all([connect(`a${number}`), connect(`b${number}`)])
  const { data, errors } = await one.ask(START, { input: { userId: `user_b${number}` } })
  if (!data) throw new Error(JSON.stringify(errors))
  const { chat } = data['startDirectChat'] as { chat: { id: string } }
  const users = [createUser(one, `a${number}`, chat.id), createUser(other, `b${number}`, chat.id)]
  await Promise.all(users.map((user) => user.subscribe()))
  return users
}

function createUser(connection: Connection, name: string, chatId: string): SimulatedUser {
  return new SimulatedUser(connection, {
    connect: () => connect(name),
    statistics,
    id: `user_${name}`,
    chatId,
  })
}

async function connectUsers(): Promise<readonly SimulatedUser[]> {
  const users: SimulatedUser[] = []
  for (let number = 0; number < PAIRS; number += 10) {
    const some = Array.from({ length: 10 }, (_, index) => connectPair(number + index))
    users.push(...(await Promise.all(some)).flat())
  }
  return users
}

function oneOf<Item>(items: readonly Item[]): Item {
  return items[Math.floor(Math.random() * items.length)] as Item
}

/** Connects a new user, and disconnects them if they were admitted. */
async function newcomer(number: number): Promise<void> {
  try {
    const connection = await connect(`newcomer${number}`)
    statistics.newcomer(false)
    await pause(2_000)
    connection.close()
  } catch {
    statistics.newcomer(true)
  }
}

/** Offers the messages of the steps without waiting for results, as on New Year's Eve. */
async function offerLoad(users: readonly SimulatedUser[]): Promise<void> {
  const heavy = users.slice(0, Math.ceil(users.length * HEAVY_SHARE))
  const began = performance.now()
  let [at, due, last, newcomers] = [0, 0, began, 0]
  for (const { perSecond, seconds } of STEPS) {
    for (const until = at + seconds; at < until;) {
      await pause(TICK_MS)
      const now = performance.now()
      due += ((now - last) * perSecond) / 1000
      last = now
      for (; due >= 1; due -= 1) oneOf(Math.random() < 0.5 ? heavy : users).send()
      if ((now - began) / 1000 < at + 1) continue
      print({ type: 'second', second: statistics.endSecond(at) })
      at += 1
      for (let count = 0; count < NEWCOMERS_PER_SECOND; count += 1) void newcomer((newcomers += 1))
    }
  }
}

async function settle(): Promise<number> {
  const from = performance.now()
  while (!statistics.isSettled() && performance.now() - from < SETTLE_WITHIN_MS) await pause(50)
  return performance.now() - from
}

await offerLoad(await connectUsers())
print({ type: 'end', ending: statistics.ending(await settle()) })
process.exit(0)

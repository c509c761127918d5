// The attacks: npm run bench -- attacks. Measures an honest user before, during and after each attack.
import { randomUUID } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { readUsage } from '../measure/process-usage.ts'
import { markdown } from '../report/markdown.ts'
import { type Server, startGateway } from '../servers/gateway.ts'
import { type Place, SECRET, startPlace } from '../servers/place.ts'
import type { Subject } from '../subjects/subject.ts'
import { HERE } from '../targets/parley.ts'
import type { Answers, AttackName, Target } from './attacker.ts'
import { askAs, createHonestUser, type HonestUser, SEND, tokenOf } from './honest-user.ts'

const ATTACKS: readonly AttackName[] = [
  'chained fragments, no token',
  'new documents, no token',
  'new documents',
  '49 aliases of 100 long texts',
  'lists within lists',
  '20 × 100 nodes',
  'guessed users',
  'answers that are not read',
  '10,000 sockets without a token',
  '1,500 sockets of a user',
]

type Row = readonly string[]

const HEAD: Row = [
  'attack',
  'p99 before',
  'during',
  'after',
  'failed sends',
  'memory before',
  'highest',
  'after',
  'answers to the attacker',
]

export const attacks: Subject = {
  name: 'attacks',
  summary: 'what attacks cost an honest user and the gateway (four minutes)',
  isLong: true,
  async run({ out, seconds }) {
    await using place = await startPlace()
    const rows: Row[] = []
    for (const [index, attack] of ATTACKS.entries()) {
      process.stderr.write(`${attack}\n`)
      rows.push(await measure(place, `attack_${index}`, attack, seconds))
    }
    const table = markdown([HEAD, ...rows])
    await mkdir(out, { recursive: true })
    await writeFile(join(out, 'attacks.md'), `${table}\n`)
    return table
  },
}

/** Each attack has its own gateway, with the quotas of production, so that none inherits the memory of another. */
async function measure(place: Place, name: string, attack: AttackName, seconds: number): Promise<Row> {
  await using gateway = await startGateway({
    name,
    root: HERE,
    databaseUrl: await place.createDatabase(name),
    secret: SECRET,
    folder: place.folder,
    env: { RATE_LIMIT_FACTOR: '1' },
  })
  const { user, target } = await prepare(gateway, attack)
  await user.measure(1)
  const memory = (): number => readUsage(gateway.pid).memoryMb
  const before = { ...(await user.measure(seconds)), memoryMb: memory() }
  const worker = new Worker(new URL('./attacker.ts', import.meta.url), { workerData: target })
  let answers: Answers = {}
  let highestMb = 0
  worker.on('message', (latest: Answers) => (answers = latest))
  const timer = setInterval(() => (highestMb = Math.max(highestMb, memory())), 50)
  const during = await user.measure(seconds)
  clearInterval(timer)
  await worker.terminate()
  const after = await user.measure(seconds)
  return [
    attack,
    ms(before.p99Ms),
    ms(during.p99Ms),
    ms(after.p99Ms),
    `${before.failures + during.failures + after.failures}`,
    mb(before.memoryMb),
    mb(highestMb),
    mb(memory()),
    Object.entries(answers)
      .map(([answer, times]) => `${times.toLocaleString('en')} ${answer}`)
      .join(', '),
  ]
}

const ms = (value: number): string => `${value.toFixed(0)} ms`
const mb = (value: number): string => `${value.toFixed(0)} MB`

/** An honest user with a chat, and an attacker with a chat of a hundred of the longest messages. */
async function prepare(
  { port }: Server,
  attack: AttackName,
): Promise<Readonly<{ user: HonestUser; target: Target }>> {
  const [honest, friend, attacker] = ['honest', 'friend', 'attacker'].map((name) => tokenOf(name))
  const [token = '', friendToken = '', attackerToken = ''] = await Promise.all([honest, friend, attacker])
  await askAs(port, friendToken)('{ viewer { id } }')
  const ask = askAs(port, token)
  const { startDirectChat } = await ask<{ startDirectChat: { chat: { id: string } } }>(
    'mutation { startDirectChat(input: { userId: "user_friend" }) { chat { id } } }',
  )
  const asAttacker = askAs(port, attackerToken)
  const { createGroup } = await asAttacker<{ createGroup: { chat: { id: string } } }>(
    'mutation ($input: CreateGroupInput!) { createGroup(input: $input) { chat { id } } }',
    { input: { title: 'Long', memberIds: [], clientChatId: randomUUID() } },
  )
  const chatId = createGroup.chat.id
  for (let count = 0; count < 100; count++) {
    const input = { chatId, body: 'x'.repeat(8_192), clientMessageId: randomUUID() }
    await asAttacker(SEND, { input })
  }
  return {
    user: createHonestUser(ask, startDirectChat.chat.id),
    target: { attack, port, token: attackerToken, chatId },
  }
}

// The attacks: npm run bench -- attacks. Measures honest users before, during and after each attack.
import { randomUUID } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { readUsage } from '../measure/process-usage.ts'
import { keepProfile } from '../report/write.ts'
import { markdown } from '../report/markdown.ts'
import { type Server, startGateway } from '../servers/gateway.ts'
import { type Place, SECRET, startPlace } from '../servers/place.ts'
import type { Options, Subject } from '../subjects/subject.ts'
import { HERE } from '../targets/parley.ts'
import type { Answers, AttackName, Target } from './attacker.ts'
import { askAs, createHonestUsers, type HonestUsers, SEND, tokenOf } from './honest-users.ts'

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
  'p50 before',
  'during',
  'after',
  'p99 before',
  'during',
  'after',
  'failed sends',
  'CPU before',
  'during',
  'memory before',
  'highest',
  'after',
  'answers to the attacker',
]

export const attacks: Subject = {
  name: 'attacks',
  summary: 'what attacks cost honest users and the gateway (five minutes; -t selects by a part of the name)',
  isLong: true,
  async run(options) {
    const { out, targets = [''] } = options
    await using place = await startPlace()
    const rows: Row[] = []
    for (const [index, attack] of ATTACKS.entries()) {
      if (!targets.some((part) => attack.includes(part))) continue
      process.stderr.write(`${attack}\n`)
      rows.push(await measure(place, `attack_${index}`, attack, options))
    }
    const table = markdown([HEAD, ...rows])
    await mkdir(out, { recursive: true })
    await writeFile(join(out, 'attacks.md'), `${table}\n`)
    return table
  },
}

/** Each attack has its own gateway, with the quotas of production, so that none inherits the memory of another. */
async function measure(place: Place, name: string, attack: AttackName, options: Options): Promise<Row> {
  const { seconds, profile: isProfiled = false } = options
  await using gateway = await startGateway({
    name,
    root: HERE,
    databaseUrl: await place.createDatabase(name),
    secret: SECRET,
    folder: place.folder,
    env: { RATE_LIMIT_FACTOR: '1' },
    isOpen: isProfiled,
  })
  const { users, target } = await prepare(gateway, attack)
  const memory = (): number => readUsage(gateway.pid).memoryMb
  const observe = async () => {
    const began = readUsage(gateway.pid).cpuMs
    const sends = await users.send(seconds)
    return { ...sends, cpuShare: (readUsage(gateway.pid).cpuMs - began) / (seconds * 1_000) }
  }
  await users.send(2)
  const before = { ...(await observe()), memoryMb: memory() }
  if (isProfiled) await gateway.inside.startCpuProfile()
  const worker = new Worker(new URL('./attacker.ts', import.meta.url), { workerData: target })
  let answers: Answers = {}
  let highestMb = 0
  worker.on('message', (latest: Answers) => (answers = latest))
  const timer = setInterval(() => (highestMb = Math.max(highestMb, memory())), 50)
  const during = await observe()
  clearInterval(timer)
  if (isProfiled) {
    const taken = { target: HERE, step: attack, gateways: 1, profile: await gateway.inside.stopCpuProfile() }
    await keepProfile(options.out, 'attacks', taken)
  }
  await worker.terminate()
  const after = await observe()
  const phases = [before, during, after]
  return [
    attack,
    ...phases.map(({ p50Ms }) => ms(p50Ms)),
    ...phases.map(({ p99Ms }) => ms(p99Ms)),
    `${phases.reduce((sum, { failures }) => sum + failures, 0)}`,
    percent(before.cpuShare),
    percent(during.cpuShare),
    mb(before.memoryMb),
    mb(highestMb),
    mb(memory()),
    Object.entries(answers)
      .map(([answer, times]) => `${times.toLocaleString('en')} ${answer}`)
      .join(', '),
  ]
}

const ms = (value: number): string => `${value.toFixed(1)} ms`
const percent = (share: number): string => `${(share * 100).toFixed(0)} %`
const mb = (value: number): string => `${value.toFixed(0)} MB`

/** Honest users with a chat each, and an attacker with a chat of a hundred of the longest messages. */
async function prepare(
  { port }: Server,
  attack: AttackName,
): Promise<Readonly<{ users: HonestUsers; target: Target }>> {
  const users = await createHonestUsers(port)
  const attackerToken = await tokenOf('attacker')
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
    users,
    target: { attack, port, token: attackerToken, chatId },
  }
}

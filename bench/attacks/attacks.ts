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
import type { BurnerData } from './cpu-burner.ts'
import { askAs, createHonestUsers, type HonestUsers, SEND, tokenOf } from './honest-users.ts'
import { type Answers, ATTACK_NAMES, type Attacked, type AttackName, type Target } from './target.ts'

type Row = readonly string[]

const HONEST_HEAD: Row = [
  'attack',
  'p50 before',
  'during',
  'after',
  'p99 before',
  'during',
  'after',
  'beside as much CPU use',
  '× before',
  '× beside as much CPU use',
  'failed sends',
]

const MACHINE_HEAD: Row = [
  'attack',
  'gateway before',
  'during',
  'PostgreSQL before',
  'during',
  'attacker',
  'memory before',
  'highest',
  'after',
  'answers to the attacker',
]

export const attacks: Subject = {
  name: 'attacks',
  summary: 'what attacks cost honest users and the gateway (seven minutes; -t selects by a part of the name)',
  isLong: true,
  async run(options) {
    const { out, targets = [''] } = options
    await using place = await startPlace()
    const measured: Measured[] = []
    for (const [index, attack] of ATTACK_NAMES.entries()) {
      if (!targets.some((part) => attack.includes(part))) continue
      process.stderr.write(`${attack}\n`)
      measured.push(await measure(place, `attack_${index}`, attack, options))
    }
    const tables = [
      markdown([HONEST_HEAD, ...measured.map(honestRow)]),
      markdown([MACHINE_HEAD, ...measured.map(machineRow)]),
    ].join('\n\n')
    await mkdir(out, { recursive: true })
    await writeFile(join(out, 'attacks.md'), `${tables}\n`)
    return tables
  },
}

/** The measurements of one phase. Shares of CPU time are of one core. */
type Phase = Awaited<ReturnType<HonestUsers['send']>> &
  Readonly<{ gatewayShare: number; postgresShare: number; memoryMb: number }>

/** `beside`: while a thread takes as much CPU time as the attacker has taken, and sends nothing. */
type Measured = Readonly<{
  attack: AttackName
  before: Phase
  during: Phase
  after: Phase
  beside: Phase
  highestMb: number
  attackerShare: number
  answers: Answers
}>

/** Each attack has its own gateway, with the quotas of production, so that none inherits the memory of another. */
async function measure(place: Place, name: string, attack: AttackName, options: Options): Promise<Measured> {
  const { seconds, warmUp, profile: isProfiled = false } = options
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
  const cpuMs = () => ({
    gateway: readUsage(gateway.pid).cpuMs,
    postgres: readUsage(place.postgresPid, true).cpuMs,
  })
  const observe = async (): Promise<Phase> => {
    const began = cpuMs()
    const sends = await users.send(seconds)
    const ended = cpuMs()
    const shareOf = (part: keyof typeof began): number => (ended[part] - began[part]) / (seconds * 1_000)
    return {
      ...sends,
      gatewayShare: shareOf('gateway'),
      postgresShare: shareOf('postgres'),
      memoryMb: memory(),
    }
  }
  await users.send(warmUp)
  const before = await observe()
  if (isProfiled) await gateway.inside.startCpuProfile()
  const attacker = new Worker(new URL('./attacker.ts', import.meta.url), { workerData: target })
  let attacked: Attacked = { answers: {}, cpuMs: 0 }
  let highestMb = 0
  attacker.on('message', (latest: Attacked) => (attacked = latest))
  const timer = setInterval(() => (highestMb = Math.max(highestMb, memory())), 50)
  const during = await observe()
  clearInterval(timer)
  if (isProfiled) {
    const taken = { target: HERE, step: attack, gateways: 1, profile: await gateway.inside.stopCpuProfile() }
    await keepProfile(options.out, 'attacks', taken)
  }
  await attacker.terminate()
  const after = await observe()
  const attackerShare = Math.min(1, attacked.cpuMs / (seconds * 1_000))
  const workerData: BurnerData = { share: attackerShare }
  const burner = new Worker(new URL('./cpu-burner.ts', import.meta.url), { workerData })
  const beside = await observe()
  await burner.terminate()
  const { answers } = attacked
  return { attack, before, during, after, beside, highestMb, attackerShare, answers }
}

function honestRow({ attack, before, during, after, beside }: Measured): Row {
  const phases = [before, during, after]
  return [
    attack,
    ...phases.map(({ p50Ms }) => ms(p50Ms)),
    ...[...phases, beside].map(({ p99Ms }) => ms(p99Ms)),
    times(during.p99Ms / before.p99Ms),
    times(during.p99Ms / beside.p99Ms),
    `${[...phases, beside].reduce((sum, { failures }) => sum + failures, 0)}`,
  ]
}

function machineRow({ attack, before, during, after, ...rest }: Measured): Row {
  const { highestMb, attackerShare, answers } = rest
  return [
    attack,
    ...[before, during].map(({ gatewayShare }) => percent(gatewayShare)),
    ...[before, during].map(({ postgresShare }) => percent(postgresShare)),
    percent(attackerShare),
    ...[before.memoryMb, highestMb, after.memoryMb].map(mb),
    Object.entries(answers)
      .map(([answer, count]) => `${count.toLocaleString('en')} ${answer}`)
      .join(', '),
  ]
}

const ms = (value: number): string => `${value.toFixed(1)} ms`
const times = (value: number): string => value.toFixed(1)
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

import { expect, test } from 'vitest'
import { issueToken } from '../../src/auth/issue-token.ts'
import { pause } from '../../src/lib/async.ts'
import type { GatewayProcess } from '../harness/servers/gateway-process.ts'
import { MARK_READ } from '../harness/people/documents.ts'
import { TEST_SECRET } from '../harness/servers/parley.ts'
import { Person } from '../harness/people/person.ts'
import { queryStatus } from '../harness/people/service-status.ts'
import { parley } from '../unit/cli/terminal.ts'
import { type Scene, startScene } from './scene.ts'

/** A person of the scene at one of its gateways. */
async function personAt({ url }: GatewayProcess, name: string): Promise<Person> {
  return new Person({ url, name, token: await issueToken(TEST_SECRET, { subject: name, name }) })
}

function gateway({ gateways }: Scene, number: number): GatewayProcess {
  return gateways[number % gateways.length] as GatewayProcess
}

/** Sets the level as an operator. Checks every gateway two seconds later. */
async function setLevel({ databaseUrl, gateways }: Scene, level: string, expected: string): Promise<void> {
  const { code, noticed } = await parley(
    ['service-level', level, '--for', '1h'].slice(0, level === 'auto' ? 2 : 4),
    {
      DATABASE_URL: databaseUrl,
    },
  )
  expect({ code, noticed }).toEqual({ code: 0, noticed: '' })
  await pause(2_000)
  for (const one of gateways) {
    await using alice = await personAt(one, 'alice')
    expect((await queryStatus(alice)).level).toBe(expected)
  }
}

test('at ESSENTIAL no message is lost, repeated or out of order when gateways die or freeze and Redis dies', async () => {
  await using scene = await startScene(3)
  await setLevel(scene, 'essential', 'ESSENTIAL')
  for (let round = 0; round < 3; round += 1) {
    await gateway(scene, round).kill()
    await scene.healed()
    await gateway(scene, round).start()
  }
  await scene.redis.kill()
  await pause(2_000)
  await scene.redis.start()
  await scene.healed(5_000)
  gateway(scene, 1).pause()
  await pause(3_000)
  gateway(scene, 1).resume()
  await scene.healed()
  await scene.verify('at ESSENTIAL: 3 deaths of gateways, Redis dead for 2 s, a gateway frozen for 3 s')
}, 120_000)

test('at ESSENTIAL an acknowledged receipt is stored whenever its gateway dies, and later receipts work', async () => {
  await using scene = await startScene(2)
  const [chat = ''] = scene.load.chats
  const [, reader = ''] = (scene.load.recorder.members.get(chat) ?? []).map((id) => id.replace('user_', ''))
  await setLevel(scene, 'essential', 'ESSENTIAL')
  await using atDying = await personAt(gateway(scene, 0), reader)
  await using atOther = await personAt(gateway(scene, 1), reader)
  for (const dieAfterMs of [100, 1_500]) {
    const reports = reportUntilDeath(atDying, chat)
    await reports.oneWasAcknowledged
    await pause(dieAfterMs)
    await gateway(scene, 0).kill()
    const highest = await reports.highest
    expect(highest).toBeGreaterThan(0)
    expect((await atOther.fetchChat(chat)).viewerMember.readSeq).toBeGreaterThanOrEqual(highest)
    await gateway(scene, 0).start()
  }
  await setLevel(scene, 'auto', 'NORMAL')
  await scene.load.stopSending()
  const { headSeq } = await atOther.fetchChat(chat)
  expect((await atOther.markRead(chat, headSeq)).viewerMember.readSeq).toBe(headSeq)
  await scene.verify('receipts at ESSENTIAL while their gateway dies')
}, 120_000)

/**
 * Marks all messages as read, again and again, until the gateway dies. `oneWasAcknowledged` resolves after the first
 * answer, which takes seconds while receipts trickle. `highest` resolves with the highest acknowledged seq.
 */
function reportUntilDeath(person: Person, chat: string) {
  const firstAnswer = Promise.withResolvers<void>()
  const death = new AbortController()
  let confirmed = 0
  const report = async (): Promise<void> => {
    const { headSeq } = await person.fetchChat(chat)
    const { errors } = await person.post(MARK_READ, { input: { chatId: chat, seq: headSeq } })
    if (errors !== undefined) return
    confirmed = Math.max(confirmed, headSeq)
    firstAnswer.resolve()
  }
  const reportAll = async (): Promise<number> => {
    const reports: Promise<void>[] = []
    while (!death.signal.aborted) {
      reports.push(report().catch(() => death.abort()))
      await pause(400, death.signal)
    }
    await Promise.all(reports)
    return confirmed
  }
  return { oneWasAcknowledged: firstAnswer.promise, highest: reportAll() }
}

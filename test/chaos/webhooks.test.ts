import { expect, test } from 'vitest'
import { startReceiver } from '../harness/people/webhook-receiver.ts'
import { query } from '../harness/servers/database.ts'
import type { GatewayProcess } from '../harness/servers/gateway-process.ts'
import { type Scene, startScene } from './scene.ts'

const HEALING_MS = 5_000
/** A dead worker's chats are claimed again when its leases end. */
const DELIVERED_WITHIN_MS = 60_000

const HEADS = `SELECT 'chat_' || id AS id, head_seq AS "headSeq" FROM chats WHERE head_seq > 0`

type Head = Readonly<{ id: string; headSeq: number }>

test(
  'webhooks miss nothing and keep the order of each chat when gateways die',
  { timeout: 240_000 },
  async () => {
    await using scene = await startScene(3)
    await using receiver = await startReceiver(scene.databaseUrl)
    const [first] = await query<Head>(scene.databaseUrl, HEADS)
    for (let round = 0; round < 6; round += 1) {
      await gateway(scene, round).kill()
      await scene.healed(HEALING_MS)
      await gateway(scene, round).start()
    }
    await scene.verify('SIGKILL of a gateway that posts to a webhook, 6 times')
    const heads = await query<Head>(scene.databaseUrl, HEADS)
    const seqsOf = (chatId: string): readonly number[] =>
      receiver.accepted.all.flatMap(({ data }) => (data.chatId === chatId ? (data.seq ?? []) : []))
    await receiver.accepted.until(
      () => heads.every(({ id, headSeq }) => seqsOf(id).includes(headSeq)),
      DELIVERED_WITHIN_MS,
    )
    for (const { id, headSeq } of heads) {
      // Repetitions are allowed: a receiver drops them by the id of the message.
      const firsts = [...new Set(seqsOf(id))]
      const [start = 1] = firsts
      expect(firsts).toEqual(Array.from({ length: headSeq - start + 1 }, (_, index) => start + index))
    }
    expect(heads.reduce((sum, { headSeq }) => sum + headSeq, 0)).toBeGreaterThan(first?.headSeq ?? 0)
  },
)

function gateway({ gateways }: Scene, number: number): GatewayProcess {
  return gateways[number % gateways.length] as GatewayProcess
}

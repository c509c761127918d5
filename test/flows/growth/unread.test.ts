import { expect, test } from 'vitest'
import { connectAsSuperuser } from '../../harness/servers/database.ts'
import { startParley } from '../../harness/servers/parley.ts'
import { type PlanNode, executedPlan, enablePlanReports } from '../../harness/plans/query-plan.ts'
import { recordStatements } from '../../harness/plans/recorded-statements.ts'

/** Messages that bob sent without ever reading. */
const SAY = `
  WITH said AS (
    INSERT INTO messages (chat_id, seq, sender_id, client_message_id, fingerprint, body, sent_at)
    SELECT id, head_seq + n, 'bob', 'key ' || n, '', 'tick', now() FROM chats, generate_series(1, $1::int) AS n
    RETURNING seq
  )
  UPDATE chats SET head_seq = (SELECT max(seq) FROM said)`

test("unread messages are counted among the newest ten thousand, regardless of the viewer's own messages", async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  await alice.send(chat, 'are you there?')
  await using connection = await connectAsSuperuser(parley.databaseUrl)
  const { client } = connection
  await client.query(SAY, [9_998])
  await alice.send(chat, 'still?')
  expect((await bob.fetchChat(chat)).unreadCount).toBe(2)

  await client.query(SAY.replaceAll('key ', 'other key '), [10_000])
  await alice.send(chat, 'hello?')
  using listening = recordStatements()
  expect((await bob.fetchChat(chat)).unreadCount).toBe(1)
  const count = listening.statements.find(({ name }) => name === 'message_count_unread')
  if (count === undefined) throw new Error('Nothing was counted')
  await enablePlanReports(client)
  expect(rowsRead(await executedPlan(client, count))).toBeLessThanOrEqual(10_000)
})

function rowsRead(plan: PlanNode): number {
  const own = plan['Relation Name'] === 'messages' ? (plan['Actual Rows'] ?? 0) : 0
  return Math.max(own, ...(plan.Plans ?? []).map(rowsRead))
}

import { expect, test } from 'vitest'
import { startTcpProxy } from '../harness/network/tcp-proxy.ts'
import type { Person, StreamItem } from '../harness/people/person.ts'
import { startCluster } from '../harness/servers/cluster.ts'

const MESSAGES = 20

function watermarksOf(items: readonly StreamItem[], { id }: Person): number[][] {
  const receipts = items.filter(({ __typename }) => __typename === 'ReceiptAdvanced')
  const ofMember = receipts.filter(({ user }) => (user as Person).id === id)
  return ofMember.map((item) => [Number(item['deliveredSeq']), Number(item['readSeq'])])
}

test('moves watermarks forward only, and with each receipt, if a receipt overtakes one from another gateway', async () => {
  await using cluster = await startCluster(1)
  await using proxy = await startTcpProxy(cluster.redis.url)
  const [west, far] = [cluster.gateways[0], await cluster.add({ redisUrls: [proxy.url] })]
  const [alice, bobWest, bobFar] = (await Promise.all([
    west?.person('alice'),
    west?.person('bob'),
    far.person('bob'),
  ])) as [Person, Person, Person]
  const chat = await alice.startChat(bobWest)
  using inbox = alice.inbox('phone')
  await inbox.caughtUp()
  await Promise.all(Array.from({ length: MESSAGES }, async () => alice.sendOverSocket(chat, 'hello')))

  proxy.delay(100)
  for (let seq = 1; seq < MESSAGES; seq += 2) {
    await bobFar.markDelivered(chat, seq)
    await bobWest.markDelivered(chat, seq + 1)
  }
  await bobFar.markRead(chat, MESSAGES)
  await inbox.items.until((all) => watermarksOf(all, bobWest).some(([, readSeq]) => readSeq === MESSAGES))

  const received = watermarksOf(inbox.items.all, bobWest)
  const sums = received.map(([deliveredSeq = 0, readSeq = 0]) => deliveredSeq + readSeq)
  expect(sums).toEqual([...new Set(sums)].toSorted((a, b) => a - b))
  expect(received.at(-1)).toEqual([MESSAGES, MESSAGES])
})

import { expect, test } from 'vitest'
import { startCluster, type TestCluster } from '../harness/servers/cluster.ts'
import type { Person, Stream } from '../harness/people/person.ts'

/** How long an app shows a member as typing after the last report, in milliseconds. */
const SHOWN_MS = 6_000
/** How often an app reports that its user types, in milliseconds. */
const REPORT_MS = 3_000

/** Returns one user on each gateway, in a group. */
async function cast(cluster: TestCluster) {
  const [alice, bob, carol] = (await Promise.all(
    ['alice', 'bob', 'carol'].map((name, index) => cluster.gateways[index]?.person(name) as Promise<Person>),
  )) as [Person, Person, Person]
  return { alice, bob, carol, group: await alice.createGroup([bob, carol]) }
}

/** Records when the stream received each change of typing. */
function recordTyping({
  items,
}: Stream): Readonly<{ seen: { atMs: number; typing: unknown }[]; until(count: number): Promise<void> }> {
  const seen: { atMs: number; typing: unknown }[] = []
  return {
    seen,
    async until(count) {
      while (seen.length < count) {
        const { typing } = await items.match(({ __typename }) => __typename === 'TypingChanged')
        seen.push({ atMs: performance.now(), typing })
      }
    },
  }
}

test('repeats a typing member on all gateways before apps hide the member, and ends after 5 s of silence', async () => {
  await using cluster = await startCluster(3)
  const { alice, bob, carol, group } = await cast(cluster)
  using atBob = bob.inbox('phone')
  using atCarol = carol.chatEvents(group)
  using atAlice = alice.inbox('phone')
  await Promise.all([atBob.caughtUp(), atCarol.caughtUp(), atAlice.caughtUp()])
  // Typing that is lost on the way is not found again, unlike an event. So the way to both gateways is tried first.
  await alice.send(group, 'Are you there?')
  await Promise.all([atBob, atCarol].map((stream) => stream.next('MessageSent')))
  const receivers = [atBob, atCarol].map(recordTyping)

  await alice.setTyping(group, true)
  const reports = [1, 2].map(async (count) => {
    await new Promise((resolve) => setTimeout(resolve, count * REPORT_MS))
    await alice.setTyping(group, true)
    return performance.now()
  })
  await Promise.all(receivers.map(({ until }) => until(4)))
  const lastReportMs = Math.max(...(await Promise.all(reports)))
  for (const { seen } of receivers) {
    expect(seen.map(({ typing }) => typing)).toEqual([true, true, true, false])
    const gaps = seen.slice(1).map(({ atMs }, index) => atMs - (seen[index]?.atMs ?? 0))
    expect(Math.max(...gaps)).toBeLessThan(SHOWN_MS)
    expect((seen[3]?.atMs ?? 0) - lastReportMs).toBeGreaterThan(4_500)
  }
  expect(atAlice.items.all.some(({ __typename }) => __typename === 'TypingChanged')).toBe(false)
}, 30_000)

test('shows a typing member to a user who connects meanwhile, with the next repetition', async () => {
  await using cluster = await startCluster(2)
  const [alice, bob] = (await Promise.all(
    ['alice', 'bob'].map((name, index) => cluster.gateways[index]?.person(name) as Promise<Person>),
  )) as [Person, Person]
  const group = await alice.createGroup([bob])
  await alice.setTyping(group, true)
  using atBob = bob.inbox('phone')
  await atBob.caughtUp()
  const shown = atBob.next('TypingChanged')
  // The first report may have reached this gateway while the stream was loading. Then the next one comes too soon to be
  // delivered, and the one after that shows the member, as with every app that reports as told.
  const reports = setInterval(() => void alice.setTyping(group, true), REPORT_MS)
  try {
    await alice.setTyping(group, true)
    expect(await shown).toMatchObject({ user: { id: alice.id }, typing: true })
  } finally {
    clearInterval(reports)
  }
})

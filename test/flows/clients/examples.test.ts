import { expect, test } from 'vitest'
import { runScript } from '../../harness/child.ts'
import { startParley } from '../../harness/parley.ts'
import { startTcpProxy } from '../../harness/tcp-proxy.ts'

const EXAMPLES = ['graphql-ws', 'apollo', 'urql', 'sse']

test.for(EXAMPLES)(
  'examples/%s.ts prints what there is, then what comes, and acknowledges it',
  async (name) => {
    await using parley = await startParley()
    const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
    const chat = await alice.startChat(bob)
    await alice.send(chat, 'Hello')
    await bob.send(chat, 'Hello Alice')
    using atAlice = alice.inbox('phone')
    await atAlice.caughtUp()

    await using example = runScript(`examples/${name}.ts`, { URL: parley.url, TOKEN: bob.token })
    await example.lines.until((lines) => lines.length === 2)
    await alice.send(chat, 'How are you?')
    await example.lines.until((lines) => lines.length === 3)
    expect(example.lines.all).toEqual(['Alice: Hello', 'Bob: Hello Alice', 'Alice: How are you?'])
    await atAlice.items.until((items) => items.some((item) => item['deliveredSeq'] === 3))
    expect(example.complaints.all).toEqual([])
  },
)

test.for(EXAMPLES)('examples/%s.ts misses nothing when its network is cut', async (name) => {
  await using parley = await startParley()
  const [alice, bob, carol] = [
    await parley.person('alice'),
    await parley.person('bob'),
    await parley.person('carol'),
  ]
  await using proxy = await startTcpProxy(parley.url)
  const chat = await alice.startChat(bob)
  await alice.send(chat, 'one')
  await using example = runScript(`examples/${name}.ts`, { URL: proxy.url, TOKEN: bob.token })
  await example.lines.until((lines) => lines.length === 1)

  proxy.cut()
  await alice.send(chat, 'two')
  await carol.send(await carol.startChat(bob), 'Hello from Carol')
  proxy.restore()
  await example.lines.until((lines) => lines.length === 3)
  await alice.send(chat, 'three')
  await example.lines.until((lines) => lines.length === 4)
  expect(example.lines.all.toSorted()).toEqual([
    'Alice: one',
    'Alice: three',
    'Alice: two',
    'Carol: Hello from Carol',
  ])
})

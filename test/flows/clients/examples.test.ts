import { glob, readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { runScript } from '../../harness/servers/script-process.ts'
import { startParley } from '../../harness/servers/parley.ts'
import { startTcpProxy } from '../../harness/network/tcp-proxy.ts'

const EXAMPLES = ['hand-written/graphql-ws', 'hand-written/sse']

test.for(EXAMPLES)(
  'examples/%s.ts prints the chats, then new events, and acknowledges them',
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
    expect(example.errorLines.all).toEqual([])
  },
)

test.for(EXAMPLES)('examples/%s.ts misses nothing after a network cut', async (name) => {
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

const PAGES = ['clients/hand-written', 'clients/react-native', 'add-parley']

test.for(PAGES)('the code in docs/%s.md is in the examples, word for word', async (page) => {
  const examples: string[] = []
  for await (const file of glob('examples/**/*.ts')) examples.push(spaced(await readFile(file, 'utf8')))
  const text = await readFile(`docs/${page}.md`, 'utf8')
  const blocks = [...text.matchAll(/^```(ts|graphql)\n(.*?)^```$/gms)]
  expect(blocks.length).toBeGreaterThan(0)
  for (const [, , code = ''] of blocks) {
    expect(
      examples.filter((example) => example.includes(spaced(code))),
      code,
    ).toHaveLength(1)
  }
})

/** Removes the layout of GraphQL, which differs between a document and a template. */
function spaced(code: string): string {
  return code.replaceAll(/\s+/g, ' ').trim()
}

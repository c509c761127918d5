import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import { runScript } from '../../harness/servers/script-process.ts'
import { startParley, type TestParley } from '../../harness/servers/parley.ts'
import type { Person } from '../../harness/people/person.ts'

// The commands of docs/media.md, as a reader pastes them.

const run = promisify(execFile)

/** The blocks of commands. The first sends a picture with curl, the second with the client. */
let blocks: readonly string[] = []
beforeAll(async () => {
  const page = await readFile('docs/media.md', 'utf8')
  const section = page.slice(page.indexOf('## Send a picture'), page.indexOf('## Set it up'))
  blocks = [...section.matchAll(/```sh\n([^`]+)```/g)].map(([, commands = '']) => commands)
})

test('the commands with curl send a picture', async () => {
  await using parley = await startParley({ media: 'folder' })
  const [alice] = await startPeople(parley)
  const commands = blocks[0]
    ?.replace('$(npx parley token alice)', alice.token)
    .replaceAll('http://localhost:4000/graphql', parley.url)
  const { stdout } = await run('bash', ['-ec', commands ?? ''])
  const { data } = JSON.parse(stdout) as { data: { sendMessage: { message: { attachments: Picture[] } } } }
  const [picture] = data.sendMessage.message.attachments
  expect(picture).toMatchObject({ kind: 'IMAGE', altText: 'Two people chat' })
  expect((await fetch(picture?.url ?? '')).headers.get('content-type')).toBe('image/png')
})

test('the command with the client sends a picture', async () => {
  await using parley = await startParley({ media: 'folder' })
  const [alice, bob] = await startPeople(parley)
  const command = /npm run -s example (\S+) (\S+) (\S+) '(.+)'\n/.exec(blocks[1] ?? '')
  const [, script = '', ...args] = command ?? []
  await using example = runScript(script, { URL: parley.url, TOKEN: alice.token }, ...args)
  await example.lines.until((lines) => lines.length === 1)
  expect((await fetch(example.lines.all[0] ?? '')).headers.get('content-type')).toBe('image/png')
  expect(await newestAltText(bob)).toBe('Two people chat')
})

type Picture = Readonly<{ kind: string; altText: string; url: string }>

/** Alice and Bob, who exist since their first tokens. */
async function startPeople(parley: TestParley): Promise<readonly [Person, Person]> {
  return [await parley.person('alice'), await parley.person('bob')]
}

async function newestAltText(person: Person): Promise<string | null | undefined> {
  const query = `{ chats { edges { node { lastMessage { attachments { altText } } } } } }`
  type Data = {
    chats: { edges: readonly { node: { lastMessage: { attachments: readonly Picture[] } } }[] }
  }
  return (await person.run<Data>(query)).chats.edges[0]?.node.lastMessage.attachments[0]?.altText
}

import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { issueToken } from '../../../src/auth/issue-token.ts'
import { TEST_SECRET } from '../../harness/servers/parley.ts'
import { Person } from '../../harness/people/person.ts'
import { serve, type Serving, temporaryFolder } from './program.ts'

async function addressOf({ lines }: Serving): Promise<string> {
  const ready = await lines.match((line) => line.includes('"ready"'), 60_000)
  return `${(JSON.parse(ready) as { url: string }).url}/graphql`
}

async function people(url: string): Promise<[Person, Person]> {
  const [alice, bob] = await Promise.all(
    ['alice', 'bob'].map(async (name) => {
      const person = new Person({ url, token: await issueToken(TEST_SECRET, { subject: name, name }), name })
      await person.run('{ viewer { id } }')
      return person
    }),
  )
  return [alice, bob] as [Person, Person]
}

test('keeps every acknowledged message once if gateway and database are killed during sends', async () => {
  await using folder = await temporaryFolder()
  const env = { AUTH_SECRET: TEST_SECRET, DATA_DIR: '.parley' }
  const confirmed: string[] = []
  let chat = ''
  {
    await using first = serve(folder.path, env)
    const [alice, bob] = await people(await addressOf(first))
    chat = await alice.startChat(bob)
    const writers = Array.from({ length: 4 }, async () => {
      for (;;) confirmed.push((await alice.send(chat, randomUUID())).body ?? '')
    })
    const ended = Promise.allSettled(writers)
    await expect.poll(() => confirmed.length, { timeout: 20_000 }).toBeGreaterThan(200)
    first.child.kill('SIGKILL')
    await ended
  }
  await using second = serve(folder.path, env)
  const [, bob] = await people(await addressOf(second))
  using events = bob.chatEvents(chat, 0)
  await events.caughtUp()
  const stored = events.bodies(chat)
  expect(new Set(stored).size).toBe(stored.length)
  expect(confirmed.filter((body) => !stored.includes(body))).toEqual([])
  expect(events.seqs(chat)).toEqual(Array.from(stored, (_, index) => index + 1))
  second.child.kill('SIGTERM')
  expect((await second.ended).code).toBe(0)
}, 120_000)

import { afterAll, beforeAll, expect, test } from 'vitest'
import { QUOTAS } from '../../../src/quotas/quotas.ts'
import type { Person } from '../../harness/people/person.ts'
import { recordStatements } from '../../harness/plans/recorded-statements.ts'
import { startParley, type TestParley } from '../../harness/servers/parley.ts'

const NODES = 'query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }'
const ALIASES = Array.from({ length: 20 }, (_, index) => `n${index}: nodes(ids: $ids) { __typename id }`)
const MANY_NODES = `query ($ids: [ID!]!) { ${ALIASES.join(' ')} }`

type Nodes = Readonly<{ nodes: readonly (Readonly<{ __typename: string; id: string }> | null)[] }>

let parley: TestParley
let alice: Person
let bob: Person
let ids: readonly string[]
beforeAll(async () => {
  parley = await startParley()
  alice = await parley.person('alice')
  bob = await parley.person('bob')
  const chats = [await alice.startChat(bob), await alice.createGroup([bob]), await alice.createGroup([])]
  const sent = await Promise.all(chats.map((chat) => alice.send(chat, 'hello')))
  const members = chats.map((chat) => `member_${chat.replace('chat_', '')}_bob`)
  ids = [alice.id, bob.id, ...chats, ...members, ...sent.map(({ id }) => id)]
})
afterAll(() => parley[Symbol.asyncDispose]())

/** Each gateway asks for revocations once a second, whatever is queried. */
const IN_BACKGROUND = 'revocation_newest_change'

async function statementsOf(query: string, variables: Record<string, unknown>): Promise<number> {
  using recorder = recordStatements()
  await alice.run(query, variables)
  return recorder.statements.filter(({ name }) => name !== IN_BACKGROUND).length
}

test('twenty lists of nodes cost as many statements as one node of each type', async () => {
  const types = new Map(ids.map((id) => [id.split('_')[0], id]))
  const few = await statementsOf(NODES, { ids: [...types.values()] })
  const many = await statementsOf(MANY_NODES, { ids })
  expect(few).toBeGreaterThan(0)
  expect(many).toBeLessThanOrEqual(few)
})

test('nodes come in the order of their ids, with null for those that the viewer may not see', async () => {
  const { nodes } = await alice.run<Nodes>(NODES, { ids })
  expect(nodes.map((node) => node?.id ?? null)).toEqual(
    ids.map((id) => (id.startsWith('member_') && id.includes(ids[4]?.slice(5) ?? '-') ? null : id)),
  )
  const carol = await parley.person('carol')
  const seen = await carol.run<Nodes>(NODES, { ids })
  expect(seen.nodes.filter((node) => node !== null).map(({ id }) => id)).toEqual([alice.id, bob.id])
})

test.each([
  ['nodes', (person: Person, guessed: readonly string[]) => person.post(NODES, { ids: guessed })],
  [
    'node',
    (person: Person, guessed: readonly string[]) =>
      person.post(
        `{ ${guessed
          .slice(0, 20)
          .map((id, index) => `n${index}: node(id: "${id}") { id }`)
          .join(' ')} }`,
      ),
  ],
  [
    'user, over the WebSocket',
    (person: Person, guessed: readonly string[]) =>
      person.requestOverSocket(
        `{ ${guessed
          .slice(0, 20)
          .map((id, index) => `n${index}: user(id: "${id}") { id }`)
          .join(' ')} }`,
      ),
  ],
])(
  'a user who guesses ids of users by %s is RATE_LIMITED soon, and still finds those of their chats',
  async (name, ask) => {
    const guesser = await parley.person(`guesser-${name.length}`)
    await bob.startChat(guesser).then((chat) => bob.send(chat, 'hello'))
    let asked = 0
    let code: string | undefined
    while (code === undefined && asked < 4 * QUOTAS.stranger.burst) {
      const guessed = Array.from({ length: 100 }, (_, index) => `user_guess-${asked + index}`)
      code = (await ask(guesser, guessed)).errors?.[0]?.extensions.code
      asked += name === 'nodes' ? 100 : 20
    }
    expect(code).toBe('RATE_LIMITED')
    const refused = await ask(guesser, ['user_guess-x', 'user_guess-y'])
    expect(refused.errors).toHaveLength(name === 'nodes' ? 1 : 2)
    const { data, errors } = await guesser.post<Nodes>(NODES, { ids: [bob.id, guesser.id, alice.id] })
    expect(data?.nodes.map((node) => node?.id ?? null)).toEqual([bob.id, guesser.id, null])
    expect(errors).toMatchObject([
      { extensions: { code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) as number } },
    ])
  },
)

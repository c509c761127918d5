import { randomUUID } from 'node:crypto'
import {
  buildClientSchema,
  getIntrospectionQuery,
  type GraphQLSchema,
  type IntrospectionQuery,
} from 'graphql'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { QUOTAS } from '../../src/quotas/quotas.ts'
import {
  type IdArgument,
  idArguments,
  type Kind,
  operationFor,
  type OwnIds,
} from '../harness/fixtures/id-arguments.ts'
import type { ApiResponse, Person } from '../harness/people/person.ts'
import { recordStatements, titleOf } from '../harness/plans/recorded-statements.ts'
import { connect } from '../harness/servers/database.ts'
import { startParley, type TestParley, UNLIMITED } from '../harness/servers/parley.ts'

/*
 * A stranger asks every field and argument that takes an id. The fields come from the schema, so a new one is asked as
 * well. Answers are compared, and the statements behind them instead of their time.
 *
 * - Objects of a chat that the stranger was never in answer as ids that do not exist.
 * - Users can be found by their id, because a chat with them may begin. The fields that find them are listed, and each
 *   guess is charged to the quota for strangers. No other field tells whether a user exists.
 */

let parley: TestParley
let schema: GraphQLSchema
let alice: Person
let bob: Person
let carol: Person
let own: OwnIds
beforeAll(async () => {
  parley = await startParley({ config: UNLIMITED })
  const people = await Promise.all(['alice', 'bob', 'carol'].map((name) => parley.person(name)))
  ;[alice, bob, carol] = people as [Person, Person, Person]
  schema = buildClientSchema(await carol.run<IntrospectionQuery>(getIntrospectionQuery()))
  const chat = await carol.createGroup([bob])
  own = { chat, user: carol.id, message: (await carol.send(chat, 'mine')).id }
})
afterAll(() => parley[Symbol.asyncDispose]())

type Asked = Readonly<{ answer: string; statements: readonly string[] }>

/** Asks as the person, and replaces `secret`, which is all or part of the id. */
async function ask(
  person: Person,
  argument: IdArgument,
  { id, secret = id, from = own }: Readonly<{ id: string; secret?: string; from?: OwnIds }>,
): Promise<Asked> {
  const { query, variables } = operationFor(schema, argument, { id, own: from })
  using recorder = recordStatements()
  const answer = await person.requestOverSocket(query, variables)
  const isAbout = (values: readonly unknown[]): boolean =>
    JSON.stringify(values).includes(secret.replace('user_', ''))
  const statements = recorder.statements.filter(({ values }) => isAbout(values)).map(titleOf)
  return { answer: JSON.stringify(answer).replaceAll(secret, '<secret>'), statements }
}

function nameOf({ parent, field, path, kind }: IdArgument): string {
  return `${parent}.${field.name} ${path} ${kind}`
}

const argumentsFor = (isWanted: (kind: Kind) => boolean): readonly IdArgument[] =>
  idArguments(schema).filter(({ kind }) => isWanted(kind))

test('answers a stranger as if objects of other chats did not exist, in every field that takes an id', async () => {
  const chat = await alice.createGroup([bob])
  const { id: message } = await alice.send(chat, 'Between us')
  const uuid = chat.replace('chat_', '')
  const absentUuid = uuid.replace(/.{12}$/, randomUUID().slice(-12))
  const foreign: Readonly<Record<string, string>> = {
    chat,
    message,
    membership: `member_${uuid}_alice`,
    attachment: `attachment_${uuid}`,
  }
  // An operation that waits for the lock of the chat's row would differ.
  await using locking = await connect(parley.databaseUrl)
  await locking.client.query(`BEGIN; SELECT FROM chats WHERE id = '${uuid}' FOR UPDATE`)

  const asked = argumentsFor((kind) => kind !== 'user')
  expect(asked.length).toBeGreaterThan(20)
  const differing: unknown[] = []
  for (const argument of asked) {
    const id = foreign[argument.kind] ?? ''
    const toNothing = await ask(carol, argument, { id: id.replace(uuid, absentUuid), secret: absentUuid })
    const toForeign = await ask(carol, argument, { id, secret: uuid })
    if (!isDeepStrictEqual(toNothing, toForeign) || !isNothing(JSON.parse(toNothing.answer) as Answer))
      differing.push({ name: nameOf(argument), toNothing, toForeign })
  }
  expect(differing).toEqual([])
  await locking.client.query('ROLLBACK')
  expect((await alice.fetchChat(chat)).headSeq).toBe(2)
}, 60_000)

/** The fields that tell whether a user exists. `addMembers` tells it to a viewer who may add members to the chat. */
const FINDING = [
  'Mutation.createGroup input.memberIds user',
  'Mutation.startDirectChat input.userId user',
  'Query.node id user',
  'Query.nodes ids user',
  'Query.user id user',
]
const ADDING = 'Mutation.addMembers input.userIds user'

let users = 0
/** Returns the id of a user who has signed in and shares no chat with the others. */
async function newUser(): Promise<string> {
  return (await parley.person(`known-${(users += 1)}`)).id
}

const newId = (): string => `user_absent-${(users += 1)}`

/** Returns the names of those arguments that answer differently for a user who exists. */
async function tellingOf(viewer: Person, asked: readonly IdArgument[], from: OwnIds): Promise<string[]> {
  const telling: string[] = []
  for (const argument of asked) {
    const toNothing = await ask(viewer, argument, { id: newId(), from })
    const toUser = await ask(viewer, argument, { id: await newUser(), from })
    if (!isDeepStrictEqual(toNothing, toUser)) telling.push(nameOf(argument))
  }
  return telling.sort()
}

test('tells whether a user exists only in the fields that find users', async () => {
  const asked = argumentsFor((kind) => kind === 'user')
  expect(asked.length).toBeGreaterThan(8)
  expect(await tellingOf(carol, asked, own)).toEqual([ADDING, ...FINDING].sort())
}, 60_000)

test.each(['a stranger', 'a member without that right', 'a former member'])(
  'addMembers and other changes of a chat tell %s nothing about users',
  async (role) => {
    const chat = await alice.createGroup(role === 'a stranger' ? [bob] : [bob, carol])
    if (role === 'a former member') await carol.leave(chat)
    const asked = argumentsFor((kind) => kind === 'user').filter((argument) =>
      JSON.stringify(operationFor(schema, argument, { id: 'x', own }).variables).includes(own.chat),
    )
    expect(asked.map(nameOf)).toContain(ADDING)
    expect(await tellingOf(carol, asked, { ...own, chat })).toEqual([])
  },
  60_000,
)

test('charges each guess to the quota for strangers, after which no field finds a user', async () => {
  await using limited = await startParley({ databaseUrl: parley.databaseUrl })
  const guesser = await limited.person('guesser')
  const chat = await guesser.createGroup([])
  const from = { chat, user: guesser.id, message: (await guesser.send(chat, 'mine')).id }
  // A group with more strangers than the quota has at once is accepted, and leaves a debt.
  const memberIds = Array.from({ length: QUOTAS.stranger.burst + 300 }, newId)
  const input = { title: 'Guesses', clientChatId: randomUUID(), memberIds }
  const create = 'mutation ($input: CreateGroupInput!) { createGroup(input: $input) { chat { id } } }'
  expect(codesOf(await guesser.post(create, { input }))).toEqual(['NOT_FOUND'])

  const finding = argumentsFor((kind) => kind === 'user').filter((argument) =>
    [ADDING, ...FINDING].includes(nameOf(argument)),
  )
  for (const argument of finding) {
    const withoutTime = async (id: string): Promise<Asked> => {
      const { answer, statements } = await ask(guesser, argument, { id, from })
      return { answer: answer.replace(/"retryAfterMs":\d+/, '"retryAfterMs":0'), statements }
    }
    const [toNothing, toUser] = [await withoutTime(newId()), await withoutTime(await newUser())]
    expect(codesOf(JSON.parse(toUser.answer) as Answer), nameOf(argument)).toEqual(['RATE_LIMITED'])
    expect(toUser, nameOf(argument)).toEqual(toNothing)
  }
  const add = 'mutation ($input: AddMembersInput!) { addMembers(input: $input) { chat { memberCount } } }'
  await bob.startChat(guesser).then((shared) => bob.send(shared, 'hello'))
  const known = { chatId: chat, userIds: [bob.id] }
  expect(await guesser.post(add, { input: known })).toEqual({
    data: { addMembers: { chat: { memberCount: 2 } } },
  })
}, 60_000)

/** Other answers that are the same for each id that is not of the viewer's chat. */
const REFUSALS = ['An attachment is not your own', 'replyToId names a message of another chat']

type Answer = ApiResponse<Record<string, unknown>>

const codesOf = ({ errors = [] }: ApiResponse<unknown>): readonly string[] =>
  errors.map(({ extensions }) => extensions.code)

/** Whether the answer says that the object does not exist. */
function isNothing({ data, errors }: Answer): boolean {
  if (errors !== undefined) {
    return errors.every(
      ({ extensions, message }) =>
        extensions.code === 'NOT_FOUND' || REFUSALS.some((refusal) => message.startsWith(refusal)),
    )
  }
  const values = Object.values(data ?? {}).flat()
  return values.every((value) => value === null)
}

import { randomUUID } from 'node:crypto'
import {
  buildClientSchema,
  getIntrospectionQuery,
  getNamedType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLSchema,
  type IntrospectionQuery,
  isEnumType,
  isInputObjectType,
  isListType,
  isLeafType,
  isNonNullType,
  isObjectType,
} from 'graphql'
import { isDeepStrictEqual } from 'node:util'
import { expect, test } from 'vitest'
import type { ApiResponse, Person } from '../harness/people/person.ts'
import { recordStatements, titleOf } from '../harness/plans/recorded-statements.ts'
import { connect } from '../harness/servers/database.ts'
import { startParley, UNLIMITED } from '../harness/servers/parley.ts'

/*
 * A stranger asks every field and argument that takes an id for objects of a chat that the stranger was never in. The
 * fields come from the schema, so a new one is asked as well. Each answer must be the answer for an id that does not
 * exist, by the same statements. Meanwhile another connection holds the lock of the chat's row: an operation that waits
 * for it would differ.
 */

type Kind = 'chat' | 'message' | 'membership' | 'attachment'
type Ids = Readonly<Record<Kind, string>>

/** Says which objects an ID names, by field and argument, or by argument. A missing name fails the test: add it. */
const KINDS: Readonly<Record<string, readonly Kind[]>> = {
  'node id': ['chat', 'message', 'membership', 'attachment'],
  'nodes ids': ['chat', 'message', 'membership', 'attachment'],
  'chat id': ['chat'],
  'user id': [],
  chatId: ['chat'],
  messageId: ['message'],
  replyToId: ['message'],
  attachmentIds: ['attachment'],
  // Users can be found by their id: a direct chat with them may begin.
  userId: [],
  userIds: [],
  memberIds: [],
}

/** Values of other inputs without which an operation is refused before it looks at the id. */
const VALUES: Readonly<Record<string, unknown>> = { body: 'hello', title: 'Tea', emoji: '👍', role: 'ADMIN' }

type Target = Readonly<{ field: GraphQLField<unknown, unknown>; parent: string; path: string; kind: Kind }>

function isIdType(type: GraphQLInputType): boolean {
  return getNamedType(type).name === 'ID'
}

/** Returns the paths of all ids in the arguments, such as `input.positions.chatId`. */
function idPaths(
  args: readonly (GraphQLArgument | GraphQLInputField)[],
  prefix = '',
): { path: string; name: string }[] {
  return args.flatMap(({ name, type }) => {
    const path = `${prefix}${name}`
    const named = getNamedType(type)
    if (isIdType(type)) return [{ path, name }]
    return isInputObjectType(named) ? idPaths(Object.values(named.getFields()), `${path}.`) : []
  })
}

/** A value for an input, with `id` at `target`. All other ids name the stranger's own chat or the stranger. */
function valueOf(
  { name, type }: GraphQLArgument | GraphQLInputField,
  at: Readonly<{
    target: string
    id: string
    own: Readonly<{ chat: string; user: string; message: string }>
  }>,
  prefix = '',
): unknown {
  const path = `${prefix}${name}`
  const isOnPath = at.target === path || at.target.startsWith(`${path}.`)
  if (!isNonNullType(type) && !isOnPath && !(name in VALUES)) return undefined
  const nullable = isNonNullType(type) ? type.ofType : type
  const named = getNamedType(type)
  const single = (): unknown => {
    if (at.target === path) return at.id
    if (named.name === 'ID') return { chatId: at.own.chat, messageId: at.own.message }[name] ?? at.own.user
    if (name in VALUES) return VALUES[name]
    if (isInputObjectType(named)) {
      const fields = Object.values(named.getFields())
      return Object.fromEntries(fields.map((field) => [field.name, valueOf(field, at, `${path}.`)]))
    }
    if (isEnumType(named)) return named.getValues()[0]?.name
    return { Int: 1, Boolean: true, Float: 1 }[named.name] ?? 'x'
  }
  return isListType(nullable) ? [single()] : single()
}

function targetsOf(schema: GraphQLSchema): readonly Target[] {
  const types = Object.values(schema.getTypeMap()).filter((type) => isObjectType(type))
  return types
    .filter(({ name }) => !name.startsWith('__'))
    .flatMap((type) =>
      Object.values(type.getFields()).flatMap((field) =>
        idPaths(field.args).flatMap(({ path, name }) => {
          const kinds = KINDS[`${field.name} ${name}`] ?? KINDS[name]
          if (kinds === undefined) throw new Error(`${type.name}.${field.name}: ${path} is not in KINDS`)
          return kinds.map((kind) => ({ field, parent: type.name, path, kind }))
        }),
      ),
    )
}

/** The operation that asks the target, with the id where it belongs. */
function operationOf(schema: GraphQLSchema, { field, parent }: Target): string {
  const roots = {
    [schema.getQueryType()?.name ?? '']: 'query',
    [schema.getMutationType()?.name ?? '']: 'mutation',
    [schema.getSubscriptionType()?.name ?? '']: 'subscription',
  }
  const root = roots[parent]
  if (root === undefined) throw new Error(`${parent}.${field.name} takes an id and is not a root field`)
  const used = field.args.filter(
    ({ type, name }) => isNonNullType(type) || idPaths([{ type, name } as never]).length,
  )
  const variables = used.map(({ name, type }) => `$${name}: ${String(type)}`).join(', ')
  const args = used.map(({ name }) => `${name}: $${name}`).join(', ')
  const selection = isLeafType(getNamedType(field.type)) ? '' : '{ __typename }'
  return `${root} (${variables}) { ${field.name}(${args}) ${selection} }`
}

async function foreignIds(alice: Person, bob: Person): Promise<Ids> {
  const chat = await alice.createGroup([bob])
  const { id: message } = await alice.send(chat, 'Between us')
  const uuid = chat.replace('chat_', '')
  return { chat, message, membership: `member_${uuid}_alice`, attachment: `attachment_${uuid}` }
}

test('answers a stranger as if objects of other chats did not exist, in every field that takes an id', async () => {
  await using parley = await startParley({ config: UNLIMITED })
  const [alice, bob, carol] = (await Promise.all(
    ['alice', 'bob', 'carol'].map((name) => parley.person(name)),
  )) as [Person, Person, Person]
  const introspection = await carol.run<IntrospectionQuery>(getIntrospectionQuery())
  const schema = buildClientSchema(introspection)
  const foreign = await foreignIds(alice, bob)
  const uuid = foreign.chat.replace('chat_', '')
  const absentUuid = uuid.replace(/.{12}$/, randomUUID().slice(-12))
  const absent = Object.fromEntries(
    Object.entries(foreign).map(([kind, id]) => [kind, id.replace(uuid, absentUuid)]),
  ) as Ids
  const chat = await carol.createGroup([bob])
  const own = { chat, user: carol.id, message: (await carol.send(chat, 'mine')).id }

  await using locking = await connect(parley.databaseUrl)
  await locking.client.query(`BEGIN; SELECT FROM chats WHERE id = '${uuid}' FOR UPDATE`)

  async function ask(
    target: Target,
    ids: Ids,
  ): Promise<Readonly<{ answer: string; statements: readonly string[] }>> {
    const at = { target: target.path, id: ids[target.kind], own }
    const variables = Object.fromEntries(target.field.args.map((arg) => [arg.name, valueOf(arg, at)]))
    using recorder = recordStatements()
    const answer = await carol.requestOverSocket(operationOf(schema, target), variables)
    const about = (values: readonly unknown[]): boolean => JSON.stringify(values).includes(uuidOf(ids))
    const statements = recorder.statements.filter(({ values }) => about(values)).map(titleOf)
    return { answer: JSON.stringify(answer).replaceAll(uuidOf(ids), '<uuid>'), statements }
  }
  const uuidOf = (ids: Ids): string => ids.chat.replace('chat_', '')

  const targets = targetsOf(schema)
  expect(targets.length).toBeGreaterThan(20)
  const differing: unknown[] = []
  for (const target of targets) {
    const name = `${target.parent}.${target.field.name} ${target.path} ${target.kind}`
    const [toNothing, toForeign] = [await ask(target, absent), await ask(target, foreign)]
    const answer = JSON.parse(toNothing.answer) as Answer
    if (!isDeepStrictEqual(toNothing, toForeign) || !isNothing(answer))
      differing.push({ name, toNothing, toForeign })
  }
  expect(differing).toEqual([])
  await locking.client.query('ROLLBACK')
  expect((await alice.fetchChat(foreign.chat)).headSeq).toBe(2)
}, 60_000)

/** Other answers that are the same for each id that is not of the viewer's chat. */
const REFUSALS = ['An attachment is not your own', 'replyToId names a message of another chat']

type Answer = ApiResponse<Record<string, unknown>>

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

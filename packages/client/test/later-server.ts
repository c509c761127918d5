import {
  extendSchema,
  GraphQLInterfaceType,
  GraphQLObjectType,
  type GraphQLSchema,
  GraphQLUnionType,
  parse,
} from 'graphql'

/** A reaction with this emoji is an event of the type MessagePinned on a later server. */
export const PIN = '📌'

const ADDITIONS = parse(`
  type MessagePinned implements ChatEvent { chat: Chat!, seq: Int!, actor: User!, at: DateTime!, message: Message! }
  type MoodChanged { user: User!, typing: Boolean! }
  extend union InboxEvent = MessagePinned | MoodChanged`)

/** The new types, and the type whose values and resolvers each has. */
const BASES = { MessagePinned: 'ReactionChanged', MoodChanged: 'TypingChanged' } as const

/**
 * Returns the schema of a later version. A pin is in the log of its chat, and a mood is not. Logs, replays and the wire
 * have these events under their new types.
 */
export function laterSchema(schema: GraphQLSchema): GraphQLSchema {
  const later = extendSchema(schema, ADDITIONS)
  for (const [name, base] of Object.entries(BASES)) {
    const fields = objectType(later, base).getFields()
    for (const field of Object.values(objectType(later, name).getFields())) {
      const resolve = fields[field.name]?.resolve
      if (resolve !== undefined) field.resolve = resolve
    }
  }
  for (const name of ['ChatEvent', 'InboxEvent']) {
    const type = later.getType(name)
    if (!(type instanceof GraphQLUnionType) && !(type instanceof GraphQLInterfaceType)) throw new Error(name)
    const { resolveType } = type
    type.resolveType = (value, ...rest) => newTypeOf(value as Item) ?? resolveType?.(value, ...rest)
  }
  return later
}

type Item = Readonly<{ type: string; emoji?: string }>

function newTypeOf({ type, emoji }: Item): string | undefined {
  if (type === BASES.MoodChanged) return 'MoodChanged'
  return type === BASES.MessagePinned && emoji === PIN ? 'MessagePinned' : undefined
}

function objectType(schema: GraphQLSchema, name: string): GraphQLObjectType {
  const type = schema.getType(name)
  if (type instanceof GraphQLObjectType) return type
  throw new Error(`${name} is not an object type`)
}

import {
  BreakingChangeType,
  findBreakingChanges,
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLNamedType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
} from 'graphql'

/** Something in a schema that clients see: what it is, and what is said of it. */
type Place = Readonly<{ type: string; description: string }>

/** These are told by `type`, which sees more: a type that clients could do with is not the promised one either. */
const TOLD_OTHERWISE: readonly BreakingChangeType[] = [
  BreakingChangeType.FIELD_CHANGED_KIND,
  BreakingChangeType.ARG_CHANGED_KIND,
]

/**
 * Where a schema does not hold what was promised: something is missing, has another type or default, means something
 * else, or asks for more than before. What was added harms nobody.
 */
export function deviationsFrom(promised: GraphQLSchema, schema: GraphQLSchema): readonly string[] {
  const breaking = findBreakingChanges(promised, schema)
    .filter(({ type }) => !TOLD_OTHERWISE.includes(type))
    .map(({ description }) => description)
  const places = placesOf(schema)
  const changed = [...placesOf(promised)].flatMap(([name, place]) =>
    differences(name, place, places.get(name)),
  )
  return [...breaking, ...changed]
}

/** None where the place is gone, since that is a breaking change. */
function differences(name: string, promised: Place, found: Place | undefined): readonly string[] {
  if (found === undefined) return []
  const { type, description } = promised
  const otherType = found.type === type ? [] : [`${name} is ${found.type}; promised is ${type}.`]
  const isDescribed = description === '' || found.description === description
  const otherText = `${name} is described as "${found.description}"; promised is "${description}".`
  return isDescribed ? otherType : [...otherType, otherText]
}

function placesOf(schema: GraphQLSchema): ReadonlyMap<string, Place> {
  const types = Object.values(schema.getTypeMap()).filter((type) => !isIntrospectionType(type))
  return new Map(types.flatMap(placesIn))
}

function placesIn(type: GraphQLNamedType): readonly Entry[] {
  return [place(type.name, '', type), ...partsOf(type)]
}

function partsOf(type: GraphQLNamedType): readonly Entry[] {
  if (isEnumType(type)) return type.getValues().map((value) => place(`${type.name}.${value.name}`, '', value))
  if (isInputObjectType(type)) {
    return Object.values(type.getFields()).map((field) => input(`${type.name}.${field.name}`, field))
  }
  if (!isObjectType(type) && !isInterfaceType(type)) return []
  return Object.values(type.getFields()).flatMap((field) => {
    const name = `${type.name}.${field.name}`
    const args = field.args.map((arg) => input(`${name}(${arg.name}:)`, arg))
    return [place(name, String(field.type), field), ...args]
  })
}

type Entry = readonly [string, Place]
type Described = Readonly<{ description?: string | null | undefined }>

function place(name: string, type: string, { description }: Described): Entry {
  return [name, { type, description: description ?? '' }]
}

function input(name: string, value: GraphQLArgument | GraphQLInputField): Entry {
  const byDefault = value.defaultValue === undefined ? '' : ` = ${JSON.stringify(value.defaultValue)}`
  return place(name, `${String(value.type)}${byDefault}`, value)
}

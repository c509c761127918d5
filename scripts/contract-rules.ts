import {
  type ASTNode,
  BreakingChangeType,
  buildASTSchema,
  type DocumentNode,
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
  isScalarType,
  isTypeDefinitionNode,
  Kind,
  visit,
} from 'graphql'

/**
 * The promised elements that are not built yet, by schema coordinate: uploads. `check:contract` fails if one of these
 * exists, so that the list shrinks.
 */
export const NOT_BUILT: readonly string[] = []

/** Returns the promised schema without the elements that are not built. Throws if it has no such element. */
export function promisedSchema(
  document: DocumentNode,
  notBuilt: readonly string[] = NOT_BUILT,
): GraphQLSchema {
  const left = new Set(notBuilt)
  const drop = (coordinate: string): null | undefined => (left.delete(coordinate) ? null : undefined)
  const built = visit(document, {
    enter(node, _, __, ___, ancestors) {
      if (node.kind === Kind.FIELD_DEFINITION || node.kind === Kind.INPUT_VALUE_DEFINITION) {
        const parent = ancestors.at(-1) as ASTNode | undefined
        const parentName = parent !== undefined && 'name' in parent ? parent.name.value : undefined
        return drop(`${parentName}.${node.name.value}`)
      }
      return isTypeDefinitionNode(node) ? drop(node.name.value) : undefined
    },
  })
  const [unknown] = left
  if (unknown === undefined) return buildASTSchema(built)
  throw new Error(`${unknown} is not promised. Remove it from NOT_BUILT in scripts/contract-rules.ts.`)
}

/** An element of a schema that clients see, with its description. */
type Place = Readonly<{ type: string; description: string }>

/** `type` reports these instead, and more strictly: a compatible type is not the promised one either. */
const REPORTED_BY_TYPE: readonly BreakingChangeType[] = [
  BreakingChangeType.FIELD_CHANGED_KIND,
  BreakingChangeType.ARG_CHANGED_KIND,
]

/**
 * Returns the deviations of a schema from the promised one: an element is missing, has another type, default or
 * description, or requires more than before. Additions are allowed. So is anything else of the promised schema that is
 * listed in `notBuilt` and does not exist yet.
 */
export function deviationsFrom(
  promised: GraphQLSchema,
  schema: GraphQLSchema,
  notBuilt: readonly string[] = [],
): readonly string[] {
  const breaking = findBreakingChanges(promised, schema)
    .filter(({ type }) => !REPORTED_BY_TYPE.includes(type))
    .map(({ description }) => description)
  const places = placesOf(schema)
  const early = notBuilt.filter((name) => places.has(name))
  const changed = [...placesOf(promised)].flatMap(([name, place]) =>
    differences(name, place, places.get(name)),
  )
  return [...breaking, ...changed, ...early.map((name) => `${name} exists now. Remove it from NOT_BUILT.`)]
}

/** Returns nothing if the element is missing, because that is a breaking change already. */
function differences(name: string, promised: Place, found: Place | undefined): readonly string[] {
  if (found === undefined) return []
  const { type, description } = promised
  // Another kind of type is a breaking change already.
  const otherType =
    found.type === type || found.type === '' ? [] : [`${name} is ${found.type}; promised is ${type}.`]
  const isDescribed = description === '' || found.description === description
  const otherText = `${name} is described as "${found.description}"; promised is "${description}".`
  return isDescribed ? otherType : [...otherType, otherText]
}

function placesOf(schema: GraphQLSchema): ReadonlyMap<string, Place> {
  const types = Object.values(schema.getTypeMap()).filter((type) => !isIntrospectionType(type))
  return new Map(types.flatMap(placesIn))
}

function placesIn(type: GraphQLNamedType): readonly Entry[] {
  const kind = isScalarType(type) ? `a scalar by ${type.specifiedByURL ?? 'no specification'}` : ''
  return [place(type.name, kind, type), ...partsOf(type)]
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

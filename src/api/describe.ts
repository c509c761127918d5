import {
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
} from 'graphql'
import { DESCRIPTIONS, SHARED_DESCRIPTIONS } from './descriptions.ts'

type Described = { description?: string | null | undefined }
type Element = readonly [coordinate: string, element: Described, fallbacks?: readonly string[]]

/**
 * Sets the description of every element of the schema from texts by schema coordinate. Throws for an element without
 * one, and for a stray text.
 */
export function describeSchema(
  schema: GraphQLSchema,
  descriptions: Readonly<Record<string, string>> = DESCRIPTIONS,
): GraphQLSchema {
  const unused = new Set(Object.keys(descriptions))
  const findFallback = (name: string): string | undefined => descriptions[name] ?? SHARED_DESCRIPTIONS[name]
  for (const [coordinate, element, fallbacks = []] of elementsOf(schema)) {
    const own = descriptions[coordinate]
    const text = own ?? fallbacks.map(findFallback).find((found) => found !== undefined)
    if (text === undefined) throw new Error(`${coordinate} has no description. Add one to descriptions.ts.`)
    element.description = text
    unused.delete(coordinate)
  }
  const [stray] = unused
  if (stray === undefined) return schema
  throw new Error(`${stray} is described but not in the schema. Remove it from descriptions.ts.`)
}

function elementsOf(schema: GraphQLSchema): readonly Element[] {
  return Object.values(schema.getTypeMap())
    .filter((type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type))
    .flatMap((type): Element[] => [[type.name, type], ...partsOf(type)])
}

function partsOf(type: GraphQLNamedType): readonly Element[] {
  if (isEnumType(type)) return type.getValues().map((value) => [`${type.name}.${value.name}`, value])
  if (isInputObjectType(type))
    return Object.values(type.getFields()).map((field) => [`${type.name}.${field.name}`, field])
  if (!isObjectType(type) && !isInterfaceType(type)) return []
  return Object.values(type.getFields()).flatMap((field): Element[] => {
    const coordinate = `${type.name}.${field.name}`
    const inherited = isObjectType(type) ? interfaceCoordinates(type, field.name) : []
    const args = field.args.map((arg): Element => [`${coordinate}(${arg.name}:)`, arg, [`${arg.name}:`]])
    return [[coordinate, field, [...inherited, field.name]], ...args]
  })
}

function interfaceCoordinates(type: GraphQLObjectType, fieldName: string): readonly string[] {
  return type.getInterfaces().map((parent) => `${parent.name}.${fieldName}`)
}

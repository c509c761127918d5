import {
  type FieldNode,
  getNamedType,
  getNullableType,
  type GraphQLNamedType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  isAbstractType,
  isListType,
  isObjectType,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql'
import { DEFAULT_PAGE, MAX_PAGE } from './connections.ts'

/** The parts of an operation that its cost depends on. */
type Operation = Pick<
  GraphQLResolveInfo,
  'fieldNodes' | 'fragments' | 'variableValues' | 'schema' | 'parentType'
>

/** The fields that one unit stands for. */
export const FIELDS_PER_UNIT = 500
/** The longest list without pages: the events of a chat. */
const MAX_ITEMS = 500
/** How many items a list without an argument for its length is expected to have, such as the reactions to a message. */
const USUAL_ITEMS = 2

/*
 * The cost of a root field is the number of fields that it can return, before anything is read: every list counts with
 * the length that its arguments or defaults allow, and lists within lists multiply. Of the types that an object may
 * have, the most expensive one counts. It is cheap to compute, because a document has at most 1,000 fields.
 */

/** Returns the cost of a root field in units of 500 fields, at least 1. */
export function queryCost(operation: Operation): number {
  const { fieldNodes, parentType } = operation
  const fields = fieldNodes.reduce((sum, node) => sum + fieldsIn(node, parentType, operation), 0)
  return Math.max(1, Math.ceil(fields / FIELDS_PER_UNIT))
}

function fieldsIn(node: FieldNode, parent: GraphQLNamedType, operation: Operation): number {
  if (node.selectionSet === undefined) return 1
  const returned = fieldTypeOf(node, parent)
  if (returned === undefined) return 1
  const inner = fieldsOf(node.selectionSet, getNamedType(returned), operation)
  return 1 + lengthOf(node, returned, parent, operation) * inner
}

/** The fields of one object: those that every type has, and those of the most expensive type that it may have. */
function fieldsOf(set: SelectionSetNode, type: GraphQLNamedType, operation: Operation): number {
  const ofTypes = new Map<string, number>()
  const common = set.selections.reduce((sum, node) => {
    const { condition, fields } = fieldsBy(node, type, operation)
    if (condition === undefined) return sum + fields
    ofTypes.set(condition, (ofTypes.get(condition) ?? 0) + fields)
    return sum
  }, 0)
  return common + Math.max(0, ...ofTypes.values())
}

/** `condition` is set if the selection is for one of several types that an object may have. */
type Part = Readonly<{ condition?: string; fields: number }>

function fieldsBy(node: SelectionNode, type: GraphQLNamedType, operation: Operation): Part {
  if (node.kind === Kind.FIELD) return { fields: fieldsIn(node, type, operation) }
  const fragment = node.kind === Kind.FRAGMENT_SPREAD ? operation.fragments[node.name.value] : node
  if (fragment === undefined) return { fields: 0 }
  const on = typeNamed(fragment.typeCondition?.name.value, operation.schema) ?? type
  const fields = fieldsOf(fragment.selectionSet, on, operation)
  return isAbstractType(type) && isObjectType(on) ? { condition: on.name, fields } : { fields }
}

function typeNamed(name: string | undefined, schema: GraphQLSchema): GraphQLNamedType | undefined {
  return name === undefined ? undefined : schema.getType(name)
}

/** Undefined for the fields of introspection. */
function fieldTypeOf(node: FieldNode, parent: GraphQLNamedType): GraphQLOutputType | undefined {
  return 'getFields' in parent
    ? (parent.getFields()[node.name.value]?.type as GraphQLOutputType | undefined)
    : undefined
}

/** Returns how many objects the field can return. The length of a page counts at its connection. */
function lengthOf(
  node: FieldNode,
  returned: GraphQLOutputType,
  parent: GraphQLNamedType,
  operation: Operation,
): number {
  if (parent.name.endsWith('Connection')) return 1
  const given = lengthIn(node, operation)
  if (getNamedType(returned).name.endsWith('Connection')) return Math.min(given ?? DEFAULT_PAGE, MAX_PAGE)
  if (!isListType(getNullableType(returned))) return 1
  return Math.min(given ?? defaultLengthOf(node, parent), MAX_ITEMS)
}

/** A list with an argument for its length has the greatest length by default. */
function defaultLengthOf(node: FieldNode, parent: GraphQLNamedType): number {
  const field = 'getFields' in parent ? parent.getFields()[node.name.value] : undefined
  const hasLength = field !== undefined && 'args' in field && field.args.some(({ name }) => name === 'first')
  return hasLength ? MAX_ITEMS : USUAL_ITEMS
}

/** Returns the length in the arguments: a number of items, or a list of ids. */
function lengthIn({ arguments: given = [] }: FieldNode, { variableValues }: Operation): number | undefined {
  for (const { name, value } of given) {
    if (!['first', 'last', 'ids'].includes(name.value)) continue
    if (value.kind === Kind.INT) return Math.max(0, Number(value.value))
    if (value.kind === Kind.LIST) return value.values.length
    const variable = value.kind === Kind.VARIABLE ? variableValues[value.name.value] : undefined
    if (Array.isArray(variable)) return variable.length
    if (typeof variable === 'number') return Math.max(0, variable)
  }
  return undefined
}

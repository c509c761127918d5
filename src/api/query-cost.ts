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
const FIELDS_PER_UNIT = 500
/** The longest list without pages: the events of a chat. */
const MAX_ITEMS = 500
/** How many items a list without an argument for its length is expected to have, such as the reactions to a message. */
const USUAL_ITEMS = 2

/*
 * The cost of a root field is the number of fields that it can return, before anything is read: every list counts with
 * the length that its arguments or defaults allow, and lists within lists multiply. Of the types that an object may
 * have, the most expensive one counts. It is cheap to compute, because a document has at most 1,000 fields.
 */

/** `fields`: those that a root field can return. `units`: its price, in units of 500 fields, at least 1. */
export type QueryCost = Readonly<{ fields: number; units: number }>

export function queryCost(operation: Operation): QueryCost {
  const { fieldNodes, parentType } = operation
  const sumOf = (reads: Reads): number =>
    fieldNodes.reduce((sum, node) => sum + fieldsIn(node, parentType, { ...operation, reads }), 0)
  return { fields: sumOf(NO_READS), units: Math.max(1, Math.ceil(sumOf(READS) / FIELDS_PER_UNIT)) }
}

/** How many fields a field is worth besides itself, and each item of a list besides its own fields. */
type Reads = Readonly<{ field: Readonly<Record<string, number>>; item: Readonly<Record<string, number>> }>

/**
 * Fields that read more than they return. A status is the lowest watermark of all members. A node is looked up even if
 * only its id is selected, and so are the users of a reaction, who may be many.
 */
const READS: Reads = {
  field: { 'Message.status': 4, 'Reaction.users': 8, 'Query.node': 10, 'Query.user': 10 },
  item: { 'Query.nodes': 10, 'Chat.events': 2 },
}

/** Returns the fields of one item of the list. A page inside counts as one field, because it is read later. */
export function fieldsPerItem(operation: Operation): number {
  const { fieldNodes, parentType } = operation
  const priced = { ...operation, reads: NO_READS, isWithoutPages: true }
  return fieldNodes.reduce((sum, node) => sum + itemFieldsIn(node, parentType, priced), 0)
}

function itemFieldsIn(node: FieldNode, parent: GraphQLNamedType, operation: Priced): number {
  const returned = fieldTypeOf(node, parent)
  if (node.selectionSet === undefined || returned === undefined) return 1
  return fieldsOf(node.selectionSet, getNamedType(returned), operation)
}

const NO_READS: Reads = { field: {}, item: {} }

/** `isWithoutPages`: a page counts as one field. */
type Priced = Operation & Readonly<{ reads: Reads; isWithoutPages?: boolean }>

function fieldsIn(node: FieldNode, parent: GraphQLNamedType, operation: Priced): number {
  const name = `${parent.name}.${node.name.value}`
  const own = 1 + (operation.reads.field[name] ?? 0)
  if (node.selectionSet === undefined) return own
  const returned = fieldTypeOf(node, parent)
  if (returned === undefined) return own
  if (operation.isWithoutPages === true && isPage(returned)) return own
  const inner = fieldsOf(node.selectionSet, getNamedType(returned), operation)
  const perItem = inner + (operation.reads.item[name] ?? 0)
  return own + lengthOf(node, returned, parent, operation) * perItem
}

/** The fields of one object: those that every type has, and those of the most expensive type that it may have. */
function fieldsOf(set: SelectionSetNode, type: GraphQLNamedType, operation: Priced): number {
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

function fieldsBy(node: SelectionNode, type: GraphQLNamedType, operation: Priced): Part {
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
  if (isPage(returned)) return Math.min(given ?? DEFAULT_PAGE, MAX_PAGE)
  if (!isListType(getNullableType(returned))) return 1
  return Math.min(given ?? defaultLengthOf(node, parent), MAX_ITEMS)
}

function isPage(returned: GraphQLOutputType): boolean {
  return getNamedType(returned).name.endsWith('Connection')
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

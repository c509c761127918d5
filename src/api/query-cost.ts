import {
  type ArgumentNode,
  type FieldNode,
  type GraphQLResolveInfo,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql'

/** The parts of an operation that its cost depends on. */
type Operation = Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments' | 'variableValues'>

const FIELDS_PER_UNIT = 25
/** Below a longer page than this, fields cost proportionally more. */
const USUAL_PAGE = 20
/** The longest list that any field returns. */
const MAX_ITEMS = 500

/**
 * Returns the cost of a root field in units: at least 1, and more for many fields or long pages. It uses the document
 * and its variables alone, before anything is read. It is cheap, because a document has at most 1,000 fields.
 */
export function queryCost(operation: Operation): number {
  const fields = operation.fieldNodes.reduce((sum, node) => sum + fieldsIn(node, operation), 0)
  return Math.max(1, Math.ceil(fields / FIELDS_PER_UNIT))
}

function fieldsIn(node: FieldNode, operation: Operation): number {
  if (node.selectionSet === undefined) return 1
  return 1 + factorOf(node, operation) * fieldsOf(node.selectionSet, operation)
}

function fieldsOf({ selections }: SelectionSetNode, operation: Operation): number {
  return selections.reduce((sum, node) => sum + fieldsBy(node, operation), 0)
}

function fieldsBy(node: SelectionNode, operation: Operation): number {
  switch (node.kind) {
    case Kind.FIELD:
      return fieldsIn(node, operation)
    case Kind.INLINE_FRAGMENT:
      return fieldsOf(node.selectionSet, operation)
    case Kind.FRAGMENT_SPREAD: {
      const fragment = operation.fragments[node.name.value]
      return fragment === undefined ? 0 : fieldsOf(fragment.selectionSet, operation)
    }
  }
}

/** Returns how many times longer than usual the field's list is. At least 1, also for a field that is no list. */
function factorOf({ arguments: given = [] }: FieldNode, { variableValues }: Operation): number {
  const lengths = given.map((argument) => lengthOf(argument, variableValues))
  return Math.max(1, Math.min(MAX_ITEMS, Math.max(0, ...lengths)) / USUAL_PAGE)
}

function lengthOf({ name, value }: ArgumentNode, variables: Operation['variableValues']): number {
  if (!['first', 'last', 'ids'].includes(name.value)) return 0
  if (value.kind === Kind.INT) return Number(value.value)
  if (value.kind === Kind.LIST) return value.values.length
  const given = value.kind === Kind.VARIABLE ? variables[value.name.value] : undefined
  return Array.isArray(given) ? given.length : typeof given === 'number' ? given : 0
}

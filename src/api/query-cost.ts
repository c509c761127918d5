import {
  type ArgumentNode,
  type FieldNode,
  type GraphQLResolveInfo,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql'

/** What of an operation its cost depends on. */
type Operation = Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments' | 'variableValues'>

/** So many fields cost one unit. */
const FIELDS_PER_UNIT = 25
/** Fields below a page cost so many times as much as the page is times this long. */
const USUAL_PAGE = 20
/** More is cut or refused anyway. */
const MAX_ITEMS = 500

/**
 * What a root field asks for, in units: at least 1, and more for what selects many fields or long pages. Made of the
 * document and its variables alone, before anything is read, and cheap: a document has 1,000 fields at most.
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

/** How much longer than usual the list is that the field asks for; at least 1, for everything else too. */
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

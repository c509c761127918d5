import { type Document, type GraphObject, isOfType, type Selection } from './select.ts'
import { ROOTS } from './with-ids.ts'

/**
 * Reduces a document to what one result of it can hold: fragments on types that no object of the result has are left
 * out. A cache without a schema enters every fragment when it writes, and misses the fields of those that do not apply.
 * The other fragments become inline, because each use of a fragment can meet objects of other types.
 */
export function reduceTo<Kind extends Document>(document: Kind, data: object): Kind {
  const definitions = document.definitions as readonly Selection[]
  const fragments = new Map(
    definitions.flatMap((node) =>
      node.kind === 'FragmentDefinition' ? [[node.name?.value ?? '', node] as const] : [],
    ),
  )
  const reduced = definitions.map((node: Selection & Readonly<{ operation?: string }>) => {
    const root = { __typename: ROOTS[node.operation ?? ''] ?? '', ...data }
    return node.kind === 'OperationDefinition' ? reduceNode(node, [root], fragments) : node
  })
  // A new object: caches remember a document by properties that they add to it.
  return { kind: 'Document', definitions: reduced } as unknown as Kind
}

type Fragments = ReadonlyMap<string, Selection>

/** `objects` are those of the result that the selections of the node apply to. */
function reduceNode(node: Selection, objects: readonly GraphObject[], fragments: Fragments): Selection {
  // Without an object there is nothing to reduce by, and a cache does not look into the selections.
  if (node.selectionSet === undefined || objects.length === 0) return node
  const selections = node.selectionSet.selections.flatMap((selection) => {
    if (selection.kind !== 'Field') return reduceFragment(selection, objects, fragments)
    const key = selection.alias?.value ?? selection.name?.value ?? ''
    const children = objects.flatMap((object) => objectsIn(object[key]))
    return [reduceNode(selection, children, fragments)]
  })
  return { ...node, selectionSet: { ...node.selectionSet, selections } }
}

function reduceFragment(
  node: Selection,
  objects: readonly GraphObject[],
  fragments: Fragments,
): readonly Selection[] {
  const { typeCondition, selectionSet } = fragments.get(node.name?.value ?? '') ?? node
  const matching = objects.filter(({ __typename: type }) => isOfType(type, typeCondition?.name.value))
  if (matching.length === 0) return []
  const inline = { ...node, kind: 'InlineFragment', typeCondition, selectionSet }
  return [reduceNode(inline, matching, fragments)]
}

function objectsIn(value: unknown): readonly GraphObject[] {
  if (Array.isArray(value)) return value.flatMap((item) => objectsIn(item))
  return typeof value === 'object' && value !== null ? [value as GraphObject] : []
}

import { ENTITIES, FIELDS } from './schema.ts'
import type { Document, Selection } from './select.ts'

/** The root type of each kind of operation. */
export const ROOTS: Readonly<Record<string, string>> = {
  query: 'Query',
  mutation: 'Mutation',
  subscription: 'Subscription',
}
const ID = { kind: 'Field', name: { kind: 'Name', value: 'id' } } as unknown as Selection
const known = new WeakMap<Document, Document>()

/**
 * Adds `id` to the selections of all entities. A cache identifies the objects of a response by it, also if the app's
 * document does not select it.
 */
export function withIds<Kind extends Document>(document: Kind): Kind {
  const done = known.get(document)
  if (done !== undefined) return done as Kind
  const definitions = document.definitions.map((definition) => {
    const { operation, typeCondition } = definition as Selection & Readonly<{ operation?: string }>
    const type = operation === undefined ? typeCondition?.name.value : ROOTS[operation]
    return addTo(definition as Selection, type)
  })
  const created = { ...document, definitions } as Kind
  known.set(document, created)
  return created
}

function addTo<Node extends Selection>(node: Node, type: string | undefined): Node {
  if (node.selectionSet === undefined) return node
  const selections = node.selectionSet.selections.map((selection) => {
    if (selection.kind !== 'Field') return addTo(selection, selection.typeCondition?.name.value ?? type)
    return addTo(selection, FIELDS[type ?? '']?.[selection.name?.value ?? ''])
  })
  const isEntity = type !== undefined && ENTITIES.includes(type)
  const hasId = selections.some(({ name, alias }) => name?.value === 'id' && alias === undefined)
  return {
    ...node,
    selectionSet: { ...node.selectionSet, selections: isEntity && !hasId ? [...selections, ID] : selections },
  }
}

import {
  type FieldNode,
  type FragmentDefinitionNode,
  getDirectiveValues,
  type GraphQLObjectType,
  GraphQLIncludeDirective,
  type GraphQLSchema,
  GraphQLSkipDirective,
  isAbstractType,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql'

/** The parts of an operation that decide which fields it selects. */
export type Operation = Readonly<{
  schema: GraphQLSchema
  fragments: Readonly<Record<string, FragmentDefinitionNode>>
  variableValues: Readonly<Record<string, unknown>>
}>

/** The fields that an operation selects of one object, by their names in the result and in their order. */
export type SelectedFields = ReadonlyMap<string, readonly [FieldNode, ...FieldNode[]]>

/** A field whose value is an object, or an operation. */
export type SelectedNode = Pick<FieldNode, 'selectionSet'>

/**
 * Collects the fields of an object as the GraphQL specification says (6.3.2, CollectFields), which graphql-js does not
 * export. `nodes` are the occurrences of the field whose value the object is. `onVariable` is called if the selection
 * depends on a variable.
 */
export function selectedFields(
  nodes: readonly SelectedNode[],
  type: GraphQLObjectType,
  { schema, fragments, variableValues }: Operation,
  onVariable: () => void,
): SelectedFields {
  const selected = new Map<string, [FieldNode, ...FieldNode[]]>()
  const visited = new Set<string>()

  function isIncluded(node: SelectionNode): boolean {
    if (node.directives === undefined || node.directives.length === 0) return true
    if (node.directives.some((directive) => hasVariable(directive.arguments))) onVariable()
    if (getDirectiveValues(GraphQLSkipDirective, node, variableValues)?.['if'] === true) return false
    return getDirectiveValues(GraphQLIncludeDirective, node, variableValues)?.['if'] !== false
  }

  function applies(condition: string | undefined): boolean {
    if (condition === undefined || condition === type.name) return true
    const target = schema.getType(condition)
    return isAbstractType(target) && schema.isSubType(target, type)
  }

  function collect({ selections }: SelectionSetNode): void {
    for (const node of selections) if (isIncluded(node)) add(node)
  }

  function add(node: SelectionNode): void {
    if (node.kind === Kind.FIELD) {
      const key = node.alias?.value ?? node.name.value
      const known = selected.get(key)
      if (known === undefined) selected.set(key, [node])
      else known.push(node)
      return
    }
    if (node.kind === Kind.FRAGMENT_SPREAD) {
      if (visited.has(node.name.value)) return
      visited.add(node.name.value)
    }
    const fragment = node.kind === Kind.INLINE_FRAGMENT ? node : fragments[node.name.value]
    if (fragment !== undefined && applies(fragment.typeCondition?.name.value)) collect(fragment.selectionSet)
  }

  for (const node of nodes) if (node.selectionSet !== undefined) collect(node.selectionSet)
  return selected
}

/** Returns whether the arguments of a field or directive depend on a variable. */
export function hasVariable(given: readonly Readonly<{ value: ValueNode }>[] | undefined): boolean {
  return given?.some(({ value }) => containsVariable(value)) === true
}

function containsVariable(value: ValueNode): boolean {
  if (value.kind === Kind.VARIABLE) return true
  if (value.kind === Kind.LIST) return value.values.some(containsVariable)
  return value.kind === Kind.OBJECT && hasVariable(value.fields)
}

import {
  type DocumentNode,
  type ExecutionArgs,
  type FieldNode,
  type FragmentDefinitionNode,
  getNamedType,
  getOperationAST,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isAbstractType,
  isObjectType,
  isTypeSubTypeOf,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  TypeNameMetaFieldDef,
  visit,
} from 'graphql'

declare module 'graphql' {
  // oxlint-disable-next-line consistent-type-definitions -- Only an interface can be extended.
  interface GraphQLFieldExtensions<_TSource, _TContext, _TArgs> {
    isShared?: boolean
  }
}

/**
 * The options of a field whose value is the same for every viewer. It then may be resolved once for all subscribers of
 * an event. Any other field counts as one that depends on the viewer, so that a new field is never shared by mistake.
 * A resolver that needs the viewer in some cases only may be marked too: in those cases the shared execution is
 * discarded, see `SharedContext`.
 */
export const SHARED = { extensions: { isShared: true } } as const

/** Returns whether a subscription selects only shared fields of an item with this type. Directives are ignored. */
export function isSharedSelection(schema: GraphQLSchema, args: Operation, itemType: string): boolean {
  const operation = getOperationAST(args.document, args.operationName)
  const root = schema.getSubscriptionType()
  if (!operation || !root) return false
  const walk = new Walk(schema, args.document)
  return walk.isShared(operation.selectionSet, root, itemType)
}

type Operation = Pick<ExecutionArgs, 'document' | 'operationName'>

/** Visits each selection set once for each type of object, so that the cost is linear in the size of the document. */
class Walk {
  readonly #schema: GraphQLSchema
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly #visited = new Map<SelectionSetNode, Set<GraphQLObjectType>>()

  constructor(schema: GraphQLSchema, document: DocumentNode) {
    this.#schema = schema
    this.#fragments = fragmentsOf(document)
  }

  /** `itemType` is the type of the object behind the fields here if they are root fields. */
  isShared(set: SelectionSetNode, type: GraphQLObjectType, itemType?: string): boolean {
    if (!this.#isNew(set, type)) return true
    return set.selections.every((node) => {
      if (node.kind === Kind.FIELD) return this.#isFieldShared(node, type, itemType)
      const fragment = node.kind === Kind.INLINE_FRAGMENT ? node : this.#fragments.get(node.name.value)
      if (fragment === undefined) return false
      const condition = fragment.typeCondition?.name.value ?? type.name
      return !this.#applies(condition, type) || this.isShared(fragment.selectionSet, type, itemType)
    })
  }

  #isFieldShared(node: FieldNode, type: GraphQLObjectType, itemType: string | undefined): boolean {
    if (node.name.value === TypeNameMetaFieldDef.name) return true
    const field = type.getFields()[node.name.value]
    if (field?.extensions.isShared !== true) return false
    const set = node.selectionSet
    if (set === undefined) return true
    const types = this.#objectsOf(field.type).filter(
      ({ name }) => itemType === undefined || name === itemType,
    )
    return types.length > 0 && types.every((inner) => this.isShared(set, inner))
  }

  #objectsOf(output: GraphQLOutputType): readonly GraphQLObjectType[] {
    const type = getNamedType(output)
    if (isAbstractType(type)) return this.#schema.getPossibleTypes(type)
    return isObjectType(type) ? [type] : []
  }

  #applies(condition: string, type: GraphQLObjectType): boolean {
    const target = this.#schema.getType(condition)
    return target === undefined || isTypeSubTypeOf(this.#schema, type, target as GraphQLObjectType)
  }

  #isNew(set: SelectionSetNode, type: GraphQLObjectType): boolean {
    const types = this.#visited.get(set) ?? new Set()
    if (types.has(type)) return false
    this.#visited.set(set, types.add(type))
    return true
  }
}

function fragmentsOf({ definitions }: DocumentNode): ReadonlyMap<string, FragmentDefinitionNode> {
  const fragments = definitions.filter((node) => node.kind === Kind.FRAGMENT_DEFINITION)
  return new Map(fragments.map((node) => [node.name.value, node]))
}

/**
 * Returns the names of the variables that the result of an event depends on, sorted. Variables that occur only in the
 * arguments of the root field choose the stream, and say nothing about its items.
 */
export function variablesOfItems({ document, operationName }: Operation): readonly string[] {
  const operation = getOperationAST(document, operationName)
  const names = new Set<string>()
  visit(document, {
    VariableDefinition: () => false,
    Argument: (_node, _key, _parent, _path, ancestors) =>
      isOfRootField(ancestors, operation) ? false : undefined,
    Variable: ({ name }) => void names.add(name.value),
  })
  return [...names].sort()
}

function isOfRootField(
  ancestors: readonly unknown[],
  operation: OperationDefinitionNode | null | undefined,
): boolean {
  return operation?.selectionSet.selections.includes(ancestors.at(-1) as FieldNode) === true
}

import { POSSIBLE_TYPES } from './schema.ts'

/** The part of a GraphQL document that is read here. Documents of graphql and of urql have this shape. */
export type Document = Readonly<{ definitions: readonly Readonly<{ kind: string }>[] }>
export type Variables = Readonly<Record<string, unknown>>
/** An object of the graph. Fields that are not known are absent. */
export type GraphObject = Readonly<{ __typename: string } & Record<string, unknown>>

type Named = Readonly<{ value: string }>
type Value = Readonly<{
  kind: string
  value?: unknown
  name?: Named
  values?: readonly Value[]
  fields?: readonly Argument[]
}>
type Argument = Readonly<{ name: Named; value: Value }>
type Directive = Readonly<{ name: Named; arguments?: readonly Argument[] | undefined }>
export type Selection = Readonly<{
  kind: string
  name?: Named
  alias?: Named | undefined
  arguments?: readonly Argument[] | undefined
  directives?: readonly Directive[] | undefined
  typeCondition?: Readonly<{ name: Named }> | undefined
  selectionSet?: Readonly<{ selections: readonly Selection[] }> | undefined
}>
type Definition = Selection &
  Readonly<{ operation?: string; variableDefinitions?: readonly VariableDefinition[] }>
type VariableDefinition = Readonly<{ variable: { name: Named }; defaultValue?: Value | undefined }>

/** The only operation of a document, with its fragments and the values of its variables. */
export type Operation = Readonly<{
  type: string
  selections: readonly Selection[]
  fragments: ReadonlyMap<string, Selection>
  variables: Variables
}>

/** Reads the operation of a document that has exactly one. */
export function readOperation(document: Document, variables: Variables = {}): Operation {
  const definitions = document.definitions as readonly Definition[]
  const operation = definitions.find(({ kind }) => kind === 'OperationDefinition')
  const fragments = definitions.filter(({ kind }) => kind === 'FragmentDefinition')
  const defaults = operation?.variableDefinitions?.flatMap(({ variable, defaultValue }) =>
    defaultValue === undefined ? [] : [[variable.name.value, toValue(defaultValue, {})] as const],
  )
  return {
    type: operation?.operation ?? 'query',
    selections: operation?.selectionSet?.selections ?? [],
    fragments: new Map(fragments.map((fragment) => [fragment.name?.value ?? '', fragment])),
    variables: { ...Object.fromEntries(defaults ?? []), ...variables },
  }
}

/** The fields that an operation selects of its root, by name. Those that directives exclude are left out. */
export function rootFields(operation: Operation, rootType: string): readonly Selection[] {
  return [...fieldsOf(operation.selections, rootType, operation)].map(([, field]) => field)
}

/** The arguments of a field, with the values of variables. */
export function argumentsOf(field: Selection, variables: Variables): Variables {
  return Object.fromEntries(
    (field.arguments ?? []).map(({ name, value }) => [name.value, toValue(value, variables)]),
  )
}

/** Returns the value of a field, or undefined if it is not known. */
export type ReadField = (object: GraphObject, field: string, args: Variables) => unknown

/**
 * Returns what an operation selects of an object, in the shape of a response; undefined if a selected field is not
 * known. All fields are read even then, so that `readField` learns of each one.
 */
export function select(operation: Operation, root: GraphObject, readField: ReadField): object | undefined {
  const { variables } = operation
  let missing = 0

  function selectFrom(object: GraphObject, selections: readonly Selection[]): object {
    // A cache identifies an object by its id, also if the document does not select it.
    const { id } = object
    const result: Record<string, unknown> = id === undefined ? {} : { id }
    for (const [key, field] of fieldsOf(selections, object.__typename, operation)) {
      const name = field.name?.value ?? ''
      const value =
        name === '__typename' ? object.__typename : readField(object, name, argumentsOf(field, variables))
      if (value === undefined) missing += 1
      else
        result[key] =
          field.selectionSet === undefined ? value : complete(value, field.selectionSet.selections)
    }
    return result
  }

  function complete(value: unknown, selections: readonly Selection[]): unknown {
    if (Array.isArray(value)) return value.map((item) => complete(item, selections))
    return value === null ? null : selectFrom(value as GraphObject, selections)
  }

  const data = selectFrom(root, operation.selections)
  return missing === 0 ? data : undefined
}

/** The fields that are selected of an object, by response key. Selections of the same key are joined. */
function fieldsOf(
  selections: readonly Selection[],
  typename: string,
  operation: Operation,
  fields = new Map<string, Selection>(),
): Map<string, Selection> {
  for (const selection of selections) {
    if (isExcluded(selection, operation.variables)) continue
    if (selection.kind === 'Field') {
      const key = selection.alias?.value ?? selection.name?.value ?? ''
      fields.set(key, join(fields.get(key), selection))
      continue
    }
    const name = selection.name?.value ?? ''
    const fragment = selection.kind === 'FragmentSpread' ? operation.fragments.get(name) : selection
    const condition = fragment?.typeCondition?.name.value
    if (fragment?.selectionSet === undefined || !isOfType(typename, condition)) continue
    fieldsOf(fragment.selectionSet.selections, typename, operation, fields)
  }
  return fields
}

function join(before: Selection | undefined, after: Selection): Selection {
  if (before?.selectionSet === undefined || after.selectionSet === undefined) return after
  const selections = [...before.selectionSet.selections, ...after.selectionSet.selections]
  return { ...after, selectionSet: { selections } }
}

/** Whether a fragment with this type condition applies to an object of this type. */
export function isOfType(typename: string, condition: string | undefined): boolean {
  return (
    condition === undefined ||
    condition === typename ||
    POSSIBLE_TYPES[condition]?.includes(typename) === true
  )
}

function isExcluded({ directives = [] }: Selection, variables: Variables): boolean {
  return directives.some((directive) => {
    const name = directive.name.value
    if (name !== 'skip' && name !== 'include') return false
    const condition = directive.arguments?.find((argument) => argument.name.value === 'if')
    return condition !== undefined && Boolean(toValue(condition.value, variables)) === (name === 'skip')
  })
}

function toValue({ kind, value, name, values, fields }: Value, variables: Variables): unknown {
  switch (kind) {
    case 'Variable':
      return variables[name?.value ?? '']
    case 'ListValue':
      return values?.map((item) => toValue(item, variables))
    case 'ObjectValue':
      return Object.fromEntries(
        (fields ?? []).map((field) => [field.name.value, toValue(field.value, variables)]),
      )
    case 'NullValue':
      return null
    case 'IntValue':
    case 'FloatValue':
      return Number(value)
    default:
      return value
  }
}

import {
  defaultFieldResolver,
  type FieldNode,
  getArgumentValues,
  getNullableType,
  type GraphQLAbstractType,
  type GraphQLField,
  GraphQLID,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  GraphQLString,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isScalarType,
  type SelectionSetNode,
  TypeNameMetaFieldDef,
} from 'graphql'
import type { Context } from '../context.ts'
import { charsOf } from './json-text.ts'
import { hasVariable, type Operation, type SelectedNode, selectedFields } from './selection.ts'
import { NOT_WRITABLE, type TextRun, type Write } from './text-run.ts'

/** Writes the list that a field selects. `isConstant`: it does so for any values of the operation's variables. */
export type ListWriter = Readonly<{ write: Write; isConstant: boolean }>

/** Where a field is selected. */
export type Selected = Operation & Readonly<{ node: FieldNode; type: GraphQLOutputType }>

/** Resolvers inside of lists get no information about the execution: there is none. One that needs it throws. */
const NO_INFO = {} as GraphQLResolveInfo

/** Control characters, and surrogates without their other half. */
const MUST_ESCAPE = /["\\\p{Cc}\p{Cs}]/u

/**
 * Compiles the selection of a list to a function that writes the JSON text of its items. Returns undefined if the
 * selection contains fields that cannot be written that way: only those of the items themselves and those that are
 * equal for all viewers can. Such fields have resolvers that read and do nothing else, so that graphql-js can execute
 * them a second time if they turn out to fail.
 */
export function compileList({ node, type, ...operation }: Selected): ListWriter | undefined {
  let isConstant = true
  const writerOf = compiler(operation, { isRepeated: true }, () => {
    isConstant = false
  })
  try {
    return { write: writerOf(type, { nodes: [node], isNested: false, head: '' }), isConstant }
  } catch {
    // Anything that is wrong with an argument is found again by graphql-js, which reports it.
    return undefined
  }
}

/**
 * Compiles the selection of an operation to a function that writes its whole data for one event, whose item is the root
 * value. Returns undefined as `compileList` does: each field must be equal for all viewers.
 */
export function compileEvent(
  { root, selectionSet }: Readonly<{ root: GraphQLObjectType; selectionSet: SelectionSetNode }>,
  operation: Operation,
): Write | undefined {
  try {
    const writerOf = compiler(operation, { isRepeated: false }, () => undefined)
    return writerOf(root, { nodes: [{ selectionSet }], isNested: true, head: '' })
  } catch {
    return undefined
  }
}

/**
 * Where a value is written. `head`: the text before it, such as the name of its field. Each writer has its own, because
 * one long constant costs less than several short ones.
 */
type Place = Readonly<{ nodes: readonly SelectedNode[]; isNested: boolean; head: string }>
type Compiler = (of: GraphQLOutputType, place: Place) => Write

/** `isRepeated`: objects inside of an item occur repeatedly, such as the sender of many messages. */
function compiler(
  operation: Operation,
  { isRepeated }: Readonly<{ isRepeated: boolean }>,
  onVariable: () => void,
): Compiler {
  function writerOf(of: GraphQLOutputType, place: Place): Write {
    const type = getNullableType(of)
    const { head } = place
    const writeNull = isNonNullType(of) ? notWritable : constant(`${head}null`, 1)
    if (isListType(type)) return present(list(head, writerOf(type.ofType, { ...place, head: '' })), writeNull)
    if (isLeafType(type)) return leaf(type, head, writeNull)
    if (isObjectType(type) && isAlways(type)) return present(object(type, place), writeNull)
    if (isAbstractType(type)) return present(oneOf(type, place), writeNull)
    throw NOT_WRITABLE
  }

  /** The writer of a type is compiled when a value of it comes: most events have the same few types. */
  function oneOf(of: GraphQLAbstractType, place: Place): Write {
    const { resolveType } = of
    if (typeof resolveType !== 'function') throw NOT_WRITABLE
    const writers = new Map<string, Write>()
    const compiled = (name: string): Write => {
      const type = operation.schema.getType(name)
      if (!isObjectType(type) || !operation.schema.isSubType(of, type)) throw NOT_WRITABLE
      const write = writerOf(type, place)
      writers.set(name, write)
      return write
    }
    return (into, value) => {
      const name: unknown = resolveType(value, into.context, NO_INFO, of)
      if (typeof name !== 'string') throw NOT_WRITABLE
      const write = writers.get(name) ?? compiled(name)
      write(into, value)
    }
  }

  function object(of: GraphQLObjectType, { nodes, isNested, head }: Place): Write {
    const selected = [...selectedFields(nodes, of, operation, onVariable)]
    const namesChars = selected.reduce((sum, [key]) => sum + key.length, 0)
    const fields = selected.map(([key, fieldNodes], index) =>
      field(of, `${index === 0 ? `${head}{` : ','}${JSON.stringify(key)}:`, fieldNodes, isNested),
    )
    return (into, value) => {
      into.count(namesChars)
      if (fields.length === 0) into.text += `${head}{`
      for (const write of fields) write(into, value)
      into.text += '}'
    }
  }

  function field(
    of: GraphQLObjectType,
    head: string,
    nodes: readonly [FieldNode, ...FieldNode[]],
    isNested: boolean,
  ): Write {
    const [first] = nodes
    if (first.name.value === TypeNameMetaFieldDef.name)
      return constant(`${head}${JSON.stringify(of.name)}`, of.name.length)
    const definition = of.getFields()[first.name.value]
    if (definition === undefined || (isNested && definition.extensions.isShared !== true)) throw NOT_WRITABLE
    if (hasVariable(first.arguments)) onVariable()
    const args = getArgumentValues(definition, first, operation.variableValues)
    const place = { nodes, isNested: true, head }
    const write = isNested ? nested(definition, place) : writerOf(definition.type, place)
    const resolve = resolverOf(definition)
    return (into, source) => {
      const value = resolve(source, args, into.context)
      if (isPromise(value)) into.later(value, write)
      else write(into, value)
    }
  }

  /** Objects inside of an item occur repeatedly, such as senders. */
  function nested(definition: GraphQLField<unknown, Context>, place: Place): Write {
    const write = writerOf(definition.type, place)
    if (!isRepeated || !isObjectType(getNullableType(definition.type))) return write
    return (into, value) => into.repeat(place, value, write)
  }

  return writerOf
}

type Resolve = (source: unknown, args: Readonly<Record<string, unknown>>, context: Context) => unknown

function resolverOf({ name, resolve }: GraphQLField<unknown, Context>): Resolve {
  if (resolve !== undefined && resolve !== defaultFieldResolver)
    return (source, args, context) => resolve(source, args, context, NO_INFO)
  return (source) => {
    const value = (source as Readonly<Record<string, unknown>>)[name]
    if (typeof value === 'function') throw NOT_WRITABLE
    return value
  }
}

function constant(text: string, chars: number): Write {
  return (into) => {
    into.count(chars)
    into.text += text
  }
}

/** Whether the type has no check of its values. Without one, `isTypeOf` is null or undefined. */
function isAlways({ isTypeOf }: GraphQLObjectType): boolean {
  return (isTypeOf ?? undefined) === undefined
}

function notWritable(): never {
  throw NOT_WRITABLE
}

type WriteNull = (into: TextRun, value: unknown) => void

/** As `write` for values that are there. */
function present(write: Write, writeNull: WriteNull): Write {
  return (into, value) => {
    if (value === null || value === undefined) writeNull(into, value)
    else if (value instanceof Error) throw value
    else write(into, value)
  }
}

function list(head: string, write: Write): Write {
  return (into, value) => {
    if (!Array.isArray(value)) throw NOT_WRITABLE
    const items: readonly unknown[] = value
    into.count(indexChars(items.length))
    into.text += `${head}[`
    for (let index = 0; index < items.length; index += 1) {
      if (index > 0) into.text += ','
      const item = items[index]
      if (isPromise(item)) into.later(item, write)
      else write(into, item)
    }
    into.text += ']'
  }
}

/** The size of an answer counts the indexes of an array as names. */
function indexChars(length: number): number {
  let chars = 0
  for (let from = 0, digits = 1; from < length; from = 10 ** digits, digits += 1)
    chars += digits * (Math.min(length, 10 ** digits) - from)
  return chars
}

function leaf(type: GraphQLLeafType, head: string, writeNull: WriteNull): Write {
  const isText = type === GraphQLString || type === GraphQLID
  const isPlain = isScalarType(type) && type.extensions.isPlainText === true
  const quote = `${head}"`

  function writeText(into: TextRun, value: string): void {
    into.count(value.length)
    if (isPlain || !MUST_ESCAPE.test(value)) into.text += `${quote}${value}"`
    else into.text += head + JSON.stringify(value)
  }

  const writeSerialized = present((into, value) => {
    const result = serialized(type, value)
    if (typeof result === 'string') writeText(into, result)
    else {
      into.count(charsOf(result))
      into.text += head + JSON.stringify(result)
    }
  }, writeNull)

  return (into, value) => {
    if (isText && typeof value === 'string') writeText(into, value)
    else writeSerialized(into, value)
  }
}

function serialized(type: GraphQLLeafType, value: unknown): unknown {
  const result: unknown = type.serialize(value)
  if (result === null || result === undefined) throw NOT_WRITABLE
  return result
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function'
}

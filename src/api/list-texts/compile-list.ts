import {
  defaultFieldResolver,
  type FieldNode,
  getArgumentValues,
  getNullableType,
  type GraphQLField,
  GraphQLID,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  GraphQLString,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  TypeNameMetaFieldDef,
} from 'graphql'
import type { Context } from '../context.ts'
import { hasVariable, type Operation, selectedFields } from './selection.ts'
import { NOT_WRITABLE, TextRun, type Write } from './text-run.ts'

/** Writes the list that a field selects. `isConstant`: it does so for any values of the operation's variables. */
export type ListWriter = Readonly<{ write: Write; isConstant: boolean }>

/** Where a field is selected. */
export type Selected = Operation & Readonly<{ node: FieldNode; type: GraphQLOutputType }>

/** Resolvers inside of lists get no information about the execution: there is none. One that needs it throws. */
const NO_INFO = {} as GraphQLResolveInfo

const MUST_ESCAPE = /["\\\u0000-\u001f\ud800-\udfff]/

/**
 * Compiles the selection of a list to a function that writes the JSON text of its items. Returns undefined if the
 * selection contains fields that cannot be written that way: only those of the items themselves and those that are
 * equal for all viewers can. Such fields have resolvers that read and do nothing else, so that graphql-js can execute
 * them a second time if they turn out to fail.
 */
export function compileList({ node, type, ...operation }: Selected): ListWriter | undefined {
  let isConstant = true
  const onVariable = (): void => {
    isConstant = false
  }

  function writerOf(of: GraphQLOutputType, nodes: readonly FieldNode[], isNested: boolean): Write {
    if (isNonNullType(of)) return required(writerOf(of.ofType, nodes, isNested))
    if (isListType(of)) return nullable(list(writerOf(of.ofType as GraphQLOutputType, nodes, isNested)))
    if (isLeafType(of)) return nullable(leaf(of))
    if (isObjectType(of) && of.isTypeOf == null) return nullable(object(of, nodes, isNested))
    throw NOT_WRITABLE
  }

  function object(of: GraphQLObjectType, nodes: readonly FieldNode[], isNested: boolean): Write {
    const fields = [...selectedFields(nodes, of, operation, onVariable)].map(([key, [first, ...more]]) =>
      field(of, key, [first, ...more], isNested),
    )
    const [opening, ...others] = fields
    if (opening === undefined) return constant('{}', 0)
    return (into, value) => {
      into.text += '{'
      opening(into, value)
      for (const write of others) {
        into.text += ','
        write(into, value)
      }
      into.text += '}'
    }
  }

  function field(
    of: GraphQLObjectType,
    key: string,
    nodes: readonly [FieldNode, ...FieldNode[]],
    isNested: boolean,
  ): Write {
    const [first] = nodes
    const head = `${JSON.stringify(key)}:`
    if (first.name.value === TypeNameMetaFieldDef.name)
      return constant(`${head}${JSON.stringify(of.name)}`, key.length + of.name.length)
    const definition = of.getFields()[first.name.value]
    if (definition === undefined || (isNested && definition.extensions.isShared !== true)) throw NOT_WRITABLE
    if (hasVariable(first.arguments)) onVariable()
    const args = getArgumentValues(definition, first, operation.variableValues)
    const write = valueOf(definition, nodes)
    const resolve = resolverOf(definition)
    return (into, source) => {
      into.count(key.length)
      into.text += head
      const value = resolve(source, args, into.context)
      if (isPromise(value)) into.later(value, write)
      else write(into, value)
    }
  }

  /** Objects of a field occur repeatedly, unless the field has a list of them. */
  function valueOf(definition: GraphQLField<unknown, Context>, nodes: readonly FieldNode[]): Write {
    const write = writerOf(definition.type, nodes, true)
    if (!isObjectType(getNullableType(definition.type))) return write
    const place = {}
    return (into, value) => into.repeat(place, value, write)
  }

  try {
    return { write: writerOf(type, [node], false), isConstant }
  } catch {
    // Anything that is wrong with an argument is found again by graphql-js, which reports it.
    return undefined
  }
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

function required(write: Write): Write {
  return (into, value) => {
    if (value === null || value === undefined) throw NOT_WRITABLE
    write(into, value)
  }
}

function nullable(write: Write): Write {
  return (into, value) => {
    if (value === null || value === undefined) {
      into.count(1)
      into.text += 'null'
    } else if (value instanceof Error) throw value
    else write(into, value)
  }
}

function list(write: Write): Write {
  return (into, value) => {
    if (!Array.isArray(value)) throw NOT_WRITABLE
    into.text += '['
    for (const [index, item] of value.entries()) {
      if (index > 0) into.text += ','
      // The size of an answer counts the indexes of an array as names.
      into.count(`${index}`.length)
      if (isPromise(item)) into.later(item, write)
      else write(into, item)
    }
    into.text += ']'
  }
}

function leaf(type: GraphQLLeafType): Write {
  if (type === GraphQLString || type === GraphQLID) {
    return (into, value) => writeLeaf(into, typeof value === 'string' ? value : serialized(type, value))
  }
  return (into, value) => writeLeaf(into, serialized(type, value))
}

function serialized(type: GraphQLLeafType, value: unknown): unknown {
  const result: unknown = type.serialize(value)
  if (result === null || result === undefined) throw NOT_WRITABLE
  return result
}

function writeLeaf(into: TextRun, value: unknown): void {
  if (typeof value === 'string') {
    into.count(value.length)
    into.text += MUST_ESCAPE.test(value) ? JSON.stringify(value) : `"${value}"`
  } else if (typeof value === 'object') throw NOT_WRITABLE
  else {
    into.count(1)
    into.text += JSON.stringify(value)
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function'
}

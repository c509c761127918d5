import {
  defaultFieldResolver,
  type FieldNode,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  isListType,
  getNullableType,
  isObjectType,
} from 'graphql'
import type { Context } from '../context.ts'
import { compileList, type ListWriter } from './compile-list.ts'
import { JsonText } from './json-text.ts'
import type { ResultTexts } from './result-texts.ts'
import { TextRun } from './text-run.ts'

type Resolve = GraphQLFieldResolver<unknown, Context>

/*
 * A page of a hundred messages is a thousand fields. graphql-js resolves, completes and copies each of them, and then
 * the result is walked twice: for its size and for its JSON. Here the selection of the edges is compiled once per
 * document, and the text of a page is written in one pass over its rows:
 *
 * 1. The resolver of `edges` has the page. If the transport can send texts, it looks up the writer of the selection.
 * 2. The writer calls the same resolvers as graphql-js would. Values that are not there yet leave gaps.
 * 3. graphql-js gets an empty list. The text takes its place after the execution, see `ResultTexts`.
 *
 * If anything is unusual, from a field that depends on the viewer to a value that is null and must not be, the edges go
 * to graphql-js. So all errors are its errors, and every text is equal to the one that it would have led to.
 */
export function writeListsAsText(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    const edges = isObjectType(type) ? type.getFields()['edges'] : undefined
    if (edges !== undefined && isListType(getNullableType(edges.type))) edges.resolve = writing(edges)
  }
  return schema
}

function writing({ resolve = defaultFieldResolver }: GraphQLField<unknown, Context>): Resolve {
  return (source, args, context, info) => {
    const items: unknown = resolve(source, args, context, info)
    const { texts } = context
    // A field that a selection has twice is rare. Its writer would belong to both of its nodes.
    const [node, second] = info.fieldNodes
    if (texts === undefined || node === undefined || second !== undefined) return items
    const writer = writerFor(node, info, texts)
    return writer === undefined ? items : textOrItems(writer, items, { context, texts, info })
  }
}

type Target = Readonly<{ context: Context; texts: ResultTexts; info: GraphQLResolveInfo }>

/** Returns an empty list if the text was written, and otherwise the items. */
function textOrItems({ write }: ListWriter, items: unknown, target: Target): unknown {
  const run = TextRun.begin(target.context, target.texts.charsLeft)
  try {
    write(run, items)
  } catch {
    return items
  }
  return run.isWaiting ? whenComplete(run, items, target) : keep(run, target)
}

async function whenComplete(run: TextRun, items: unknown, target: Target): Promise<unknown> {
  try {
    await run.complete()
  } catch {
    return items
  }
  return keep(run, target)
}

function keep(run: TextRun, { texts, info: { path } }: Target): readonly [] {
  texts.add(path, new JsonText(String(run), run.chars))
  return []
}

/** As long as their documents are, which the document cache bounds. */
const constantWriters = new WeakMap<FieldNode, ListWriter>()
/** The writers that depend on variables, for one operation each. None leads back to its key, see `ResultTexts`. */
const variableWriters = new WeakMap<ResultTexts, Map<FieldNode, ListWriter | undefined>>()

function writerFor(node: FieldNode, info: GraphQLResolveInfo, texts: ResultTexts): ListWriter | undefined {
  const constant = constantWriters.get(node)
  if (constant !== undefined) return constant
  const writers = variableWriters.get(texts) ?? new Map<FieldNode, ListWriter | undefined>()
  if (writers.has(node)) return writers.get(node)
  const { schema, fragments, variableValues, returnType } = info
  const writer = compileList({ schema, fragments, variableValues, node, type: returnType })
  if (writer?.isConstant === true) constantWriters.set(node, writer)
  else variableWriters.set(texts, writers.set(node, writer))
  return writer
}

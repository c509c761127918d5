import { type ExecutionArgs, getOperationAST, getVariableValues, Kind } from 'graphql'
import type { Context } from '../context.ts'
import { compileEvent } from './compile-list.ts'
import { JsonText } from './json-text.ts'
import { needsViewer } from '../viewer-needed.ts'
import { TextRun, type Write } from './text-run.ts'

/**
 * The data of a subscription's result for one item. `viewer-needed`: it differs per viewer. Undefined: it has to be
 * executed by graphql-js, such as for an error.
 */
export type EventText = JsonText | 'viewer-needed' | undefined

/** Writes the data for an item. */
export type EventTexts = (item: unknown, maxChars: number) => EventText | Promise<EventText>

/**
 * Compiles the operation, as lists are compiled (see `writeListsAsText`). Returns undefined if a field can only be
 * executed by graphql-js. An event is one small object, of which graphql-js makes dozens of objects, promises and maps.
 */
export function compileEventTexts(args: ExecutionArgs): EventTexts | undefined {
  const write = writerOf(args)
  if (write === undefined) return undefined
  const context = args.contextValue as Context
  return (item, maxChars) => {
    const run = TextRun.begin(context, maxChars)
    try {
      write(run, item)
    } catch (error) {
      return withoutText(error)
    }
    return run.isWaiting ? whenComplete(run) : new JsonText(String(run), run.chars)
  }
}

async function whenComplete(run: TextRun): Promise<EventText> {
  try {
    await run.complete()
  } catch (error) {
    return withoutText(error)
  }
  return new JsonText(String(run), run.chars)
}

function withoutText(error: unknown): EventText {
  return needsViewer(error) ? 'viewer-needed' : undefined
}

function writerOf({
  schema,
  document,
  operationName,
  variableValues = {},
}: ExecutionArgs): Write | undefined {
  const operation = getOperationAST(document, operationName)
  const root = schema.getSubscriptionType()
  if (!operation || !root) return undefined
  const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], variableValues ?? {})
  if (coerced === undefined) return undefined
  const definitions = document.definitions.filter((node) => node.kind === Kind.FRAGMENT_DEFINITION)
  const fragments = Object.fromEntries(definitions.map((node) => [node.name.value, node]))
  return compileEvent(
    { root, selectionSet: operation.selectionSet },
    { schema, fragments, variableValues: coerced },
  )
}

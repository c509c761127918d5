import type { DocumentNode, ExecutionArgs, ExecutionResult } from 'graphql'
import { toClientError } from '../../api/masking.ts'
import { compileEventTexts, type EventText, type EventTexts } from '../../api/list-texts/event-texts.ts'
import { isSharedSelection, variablesOfItems } from '../../api/selection-sharing.ts'
import { needsViewer } from '../../api/viewer-needed.ts'
import type { InboxItem } from '../../delivery/inbox-item.ts'
import { elapsedMs } from '../../lib/clock.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { MAX_ANSWER_CHARS } from './answer-size.ts'
import { executeWithRetry } from './event-retry.ts'
import { Payload, type PayloadOutcome } from './payload.ts'
import { resultText } from './result-text.ts'

/** The payloads of the items of subscriptions. */
export type EventPayloads = Readonly<{
  /** Adds a subscription to its cohort, until it is disposed of. */
  join(args: ExecutionArgs): Cohort
  /** Resolves the item for one subscription alone, with its own context. */
  own(item: InboxItem, args: ExecutionArgs, signal: AbortSignal): Payload
}>

/** The subscriptions whose results are equal unless they depend on the viewer: same document, same variables. */
export type Cohort = Readonly<{
  /** Returns the payload of an item for all of the cohort. Undefined if the selection depends on the viewer. */
  shared(item: InboxItem): Payload | undefined
  /** The subscription is over. */
  leave(): void
}>

type Dependencies = Readonly<{
  /** Creates the context of executions without a viewer, see `createSharedContext`. */
  sharedContext: object
  logger: Logger
}>

/**
 * A payload is sent for this long after it was computed, in milliseconds. A slow subscriber that gets to the item later
 * needs the state of that time: the message may have expired.
 */
const MAX_AGE_MS = 1_000

/*
 * Most payloads are written by a compiled function, see `compileEventTexts`. graphql-js executes the others.
 *
 * An event that a thousand devices receive is executed and serialised once for each different document, not once for
 * each device. Three things keep that correct:
 *
 * 1. Subscriptions share a cohort only if everything that a result can depend on is equal, except the viewer: the text
 *    of the document, the name of the operation, and the variables. Variables that only choose the stream do not count.
 * 2. A selection is shared only if the schema marks each of its fields as equal for all viewers.
 * 3. A shared execution has no viewer. A resolver that asks for one ends it, and each subscription executes on its own.
 */
export function createEventPayloads({ sharedContext, logger }: Dependencies): EventPayloads {
  const cohorts = new Map<string, SharedCohort>()

  async function compute(payload: Payload, args: ExecutionArgs, signal: AbortSignal): Promise<void> {
    payload.settle(await outcomeOf(args, signal), elapsedMs())
  }

  /** Writes the payload as text, or executes the operation if that is not possible. */
  function write(
    payload: Payload,
    text: EventText | Promise<EventText>,
    execution: Readonly<{ args: ExecutionArgs; signal: AbortSignal }>,
  ): void {
    if (text === undefined) void compute(payload, execution.args, execution.signal)
    else if (text instanceof Promise) void text.then((found) => write(payload, found, execution))
    else if (text === 'viewer-needed') payload.settle(text, elapsedMs())
    else payload.settle(Buffer.from(`{"data":${text.text}}}`), elapsedMs())
  }

  async function outcomeOf(args: ExecutionArgs, signal: AbortSignal): Promise<PayloadOutcome> {
    try {
      const result = await executeWithRetry(args, signal)
      return result.errors?.some(needsViewer) === true ? 'viewer-needed' : serialise(result)
    } catch (error) {
      return serialise({ errors: [toClientError(error, logger)] })
    }
  }

  /** The end of a `next` message: the result, and the brace that closes the message. */
  function serialise({ errors, ...rest }: ExecutionResult): Buffer {
    const masked = errors?.map((error) => toClientError(error, logger))
    return Buffer.from(`${resultText(masked === undefined ? rest : { ...rest, errors: masked })}}`)
  }

  function start(args: ExecutionArgs, item: InboxItem, signal: AbortSignal, texts?: EventTexts): Payload {
    const payload = new Payload()
    const { schema, document, operationName, variableValues, contextValue } = args
    const execution = { schema, document, operationName, variableValues, contextValue, rootValue: item }
    write(payload, texts?.(item, MAX_ANSWER_CHARS), { args: execution, signal })
    return payload
  }

  function createCohort(key: string, args: ExecutionArgs): SharedCohort {
    const payloads = new WeakMap<InboxItem, Payload>()
    const isSharedByType = new Map<InboxItem['type'], boolean>()
    const sharedArgs = { ...args, contextValue: sharedContext }
    const texts = compileEventTexts(sharedArgs)
    const ended = new AbortController()
    let members = 0

    function isShared({ type }: InboxItem): boolean {
      const known = isSharedByType.get(type)
      if (known !== undefined) return known
      const found = isSharedSelection(sharedArgs.schema, sharedArgs, type)
      isSharedByType.set(type, found)
      return found
    }

    return {
      shared(item) {
        if (!isShared(item)) return undefined
        const known = payloads.get(item)
        if (known !== undefined && known.ageMs(elapsedMs()) < MAX_AGE_MS) return known
        const payload = start(sharedArgs, item, ended.signal, texts)
        payloads.set(item, payload)
        return payload
      },
      join() {
        members += 1
      },
      leave() {
        members -= 1
        if (members > 0) return
        cohorts.delete(key)
        ended.abort()
      },
    }
  }

  return {
    join(args) {
      const key = keyOf(args)
      const cohort = cohorts.get(key) ?? createCohort(key, args)
      cohorts.set(key, cohort)
      cohort.join()
      return cohort
    },
    own: (item, args, signal) => start(args, item, signal),
  }
}

type SharedCohort = Cohort & Readonly<{ join(): void }>

/** The part of a key that depends on the document. Kept with it, so that no client needs a walk through it. */
type DocumentKey = Readonly<{ text: string; variables: readonly string[] }>
const documentKeys = new WeakMap<DocumentNode, Map<string, DocumentKey>>()

function documentKeyOf({ document, operationName }: ExecutionArgs): DocumentKey {
  const perOperation = documentKeys.get(document) ?? new Map<string, DocumentKey>()
  documentKeys.set(document, perOperation)
  const name = operationName ?? ''
  const known = perOperation.get(name)
  if (known !== undefined) return known
  const text = JSON.stringify([document.loc?.source.body, operationName])
  const found = { text, variables: variablesOfItems({ document, operationName }) }
  perOperation.set(name, found)
  return found
}

function keyOf(args: ExecutionArgs): string {
  const { text, variables } = documentKeyOf(args)
  return `${text} ${JSON.stringify(variables.map((name) => [name, args.variableValues?.[name]]))}`
}

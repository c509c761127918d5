import type { ParleyClient } from '@parley/client'
import {
  type Bridge,
  createBridge,
  type Projection,
  PROJECTION,
  reduceTo,
  type Variables,
  withIds,
} from '@parley/client/engine'
import {
  CombinedError,
  createRequest,
  type Exchange,
  gql,
  type GraphQLRequest,
  makeOperation,
  type Operation,
  type OperationResult,
  stringifyDocument,
} from '@urql/core'
import { filter, makeSubject, merge, pipe, subscribe, tap } from 'wonka'

const DOCUMENT = gql(PROJECTION)
const LOOKUP = gql('query ParleyChat($id: ID!) { chat(id: $id) { __typename id } }')

/**
 * Connects urql with the engine of a client. It belongs after `cacheExchange` and before `fetchExchange`. It writes
 * what the engine knows into the cache, answers queries from the engine, sends messages through the outbox, and runs
 * subscriptions on the connection of the inbox. Other operations go on to the next exchange, with the token.
 *
 * Start the client before the first query; queries then wait for it instead of going to the server.
 */
export function parleyExchange(client: ParleyClient): Exchange {
  return ({ forward }) => {
    const results = makeSubject<OperationResult>()
    const forwarded = makeSubject<Operation>()
    const emit: Emit = (result) => results.next(result)
    const running = new Map<number, Running>()
    const bridge = createBridge(client, createWriter(emit))

    function start(operation: Operation): void {
      const run: Running = { operation, isOver: false }
      running.get(operation.key)?.dispose?.()
      running.set(operation.key, run)
      if (operation.kind === 'subscription') run.dispose = startSubscription(bridge, operation, emit)
      else {
        answer(run).catch((error: unknown) => {
          if (!run.isOver) emit(failed(operation, error))
        })
      }
    }

    async function answer(run: Running): Promise<void> {
      const { operation } = run
      const { query } = operation
      const variables = operation.variables as Variables | undefined
      const local =
        operation.kind === 'mutation' ? bridge.mutate(query, variables) : bridge.query(query, variables)
      const data = await local
      if (run.isOver) return
      if (data !== undefined) return emit(succeeded(operation, data, false))
      const token = await bridge.token()
      // oxlint-disable-next-line typescript/no-unnecessary-condition -- the operation may be over by now.
      if (!run.isOver) forwarded.next(withToken(operation, token))
    }

    function stop(operation: Operation): void {
      const run = running.get(operation.key)
      running.delete(operation.key)
      if (run !== undefined) run.isOver = true
      run?.dispose?.()
      forwarded.next(operation)
    }

    pipe(
      forward(forwarded.source),
      subscribe((result) => {
        // The exchanges above know the operation as it was before.
        const operation = running.get(result.operation.key)?.operation ?? result.operation
        emit({ ...result, operation })
        bridge.noteResponse(result.data)
      }),
    )

    return (operations) =>
      merge([
        results.source,
        pipe(
          operations,
          tap((operation) => (operation.kind === 'teardown' ? stop(operation) : start(operation))),
          filter((): boolean => false),
        ) as never,
      ])
  }
}

type Running = { readonly operation: Operation; isOver: boolean; dispose?: () => void }
type Emit = (result: OperationResult) => void

/**
 * Graphcache takes in results only. A projection is the result of an operation that no component has started. As one
 * of a subscription, it goes on top of results of queries that were started before it.
 */
function createWriter(emit: Emit): (projection: Projection) => void {
  const removed = new Set<string>()
  const { key } = createRequest(DOCUMENT, {})

  function write(request: GraphQLRequest, data: object): void {
    const context = { url: '', requestPolicy: 'network-only' as const }
    emit(succeeded(makeOperation('subscription', request, context), data, true))
  }

  function writeChat(chatId: string, chat: object | null): void {
    write(createRequest(LOOKUP, { id: chatId }), { chat })
  }

  return ({ variables, data, removedChatIds }) => {
    write({ ...createRequest(DOCUMENT, variables), key }, data)
    for (const chatId of removedChatIds) {
      removed.add(chatId)
      writeChat(chatId, null)
    }
    for (const { id } of removed.size > 0 ? (data['summaries'] as { id: string }[]) : []) {
      if (removed.delete(id)) writeChat(id, { __typename: 'Chat', id })
    }
  }
}

function startSubscription(bridge: Bridge, operation: Operation, emit: Emit): () => void {
  const document = stringifyDocument(withIds(operation.query))
  return bridge.subscribe(document, operation.variables ?? {}, {
    onData: (data) => emit(succeeded(reduced(operation, data as object), data as object, true)),
    onEnd: (error) => {
      if (error !== undefined) emit(failed(operation, error))
    },
  })
}

/** Graphcache has no schema: it would look for the fields of all event types in each event. */
function reduced({ kind, key, query, variables, context }: Operation, data: object): Operation {
  const request = { key, query: reduceTo(query, data), variables }
  return makeOperation(kind, request as never, context)
}

function withToken(operation: Operation, token: string): Operation {
  const { kind, key, query, variables, context } = operation
  const { fetchOptions } = context
  const request = { key, query: withIds(query), variables }
  return makeOperation(kind, request as never, {
    ...context,
    fetchOptions() {
      const own = typeof fetchOptions === 'function' ? fetchOptions() : fetchOptions
      const headers = new Headers(own?.headers)
      headers.set('authorization', `Bearer ${token}`)
      return { ...own, headers: Object.fromEntries(headers) }
    },
  })
}

function succeeded(operation: Operation, data: object, hasNext: boolean): OperationResult {
  return { operation, data, stale: false, hasNext }
}

/** An error of the server is a GraphQL error, like those that come over HTTP. */
function failed(operation: Operation, error: unknown): OperationResult {
  const { code, message } = error as Readonly<{ code?: unknown; message?: unknown }>
  const isServerError = typeof code === 'string' && typeof message === 'string'
  const combined = isServerError
    ? new CombinedError({ graphQLErrors: [{ message, extensions: { code } }] })
    : new CombinedError({ networkError: error as Error })
  return { operation, data: undefined, error: combined, stale: false, hasNext: false }
}

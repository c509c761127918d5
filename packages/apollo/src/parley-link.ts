import { ApolloLink } from '@apollo/client'
import { type Bridge, withIds } from '@parley/client/engine'
import { OperationTypeNode, print } from 'graphql'
import { Observable } from 'rxjs'

type Result = ApolloLink.Result
type Parts = Readonly<{
  bridge: Bridge
  /** Called after the cache has taken in a response of the server. */
  onResponse(data: unknown): void
}>

/**
 * Answers what the engine knows, sends messages through the outbox, and runs subscriptions on the connection of the
 * inbox. Everything else goes on to the next link, with the token.
 */
export function createParleyLink({ bridge, onResponse }: Parts): ApolloLink {
  return new ApolloLink((operation, forward) => {
    const { query, variables, operationType } = operation
    if (operationType === OperationTypeNode.SUBSCRIPTION) return subscribe(bridge, operation)
    const local =
      operationType === OperationTypeNode.MUTATION
        ? bridge.mutate(query, variables)
        : bridge.query(query, variables)
    return new Observable<Result>((observer) => {
      let dispose: (() => void) | undefined
      let isOver = false
      const run = async (): Promise<void> => {
        const data = await local
        if (isOver) return
        if (data !== undefined) {
          observer.next({ data: data as Record<string, unknown> })
          return observer.complete()
        }
        const token = await bridge.token()
        // oxlint-disable-next-line typescript/no-unnecessary-condition -- the observer may be gone by now.
        if (isOver) return
        operation.setContext(({ headers }: { headers?: Record<string, string> }) => ({
          headers: { ...headers, authorization: `Bearer ${token}` },
        }))
        operation.query = withIds(query)
        const forwarded = forward(operation).subscribe({
          next(result) {
            observer.next(result)
            onResponse(result.data)
          },
          error: (error: unknown) => observer.error(error),
          complete: () => observer.complete(),
        })
        dispose = () => forwarded.unsubscribe()
      }
      run().catch((error: unknown) => {
        if (!isOver) failWith(error, observer)
      })
      return () => {
        isOver = true
        dispose?.()
      }
    })
  })
}

type Observer = Readonly<{
  next(result: Result): void
  error(error: unknown): void
  complete(): void
}>

/** An error of the server is part of a response, like those that come over HTTP. */
function failWith(error: unknown, observer: Observer): void {
  const { code, message } = error as Readonly<{ code?: unknown; message?: unknown }>
  if (typeof code !== 'string' || typeof message !== 'string') return observer.error(error)
  observer.next({ data: null, errors: [{ message, extensions: { code } }] })
  observer.complete()
}

function subscribe(bridge: Bridge, { query, variables }: ApolloLink.Operation): Observable<Result> {
  return new Observable((observer) =>
    bridge.subscribe(print(withIds(query)), variables, {
      onData: (data) => observer.next({ data: data as Record<string, unknown> }),
      onEnd: (error) => (error === undefined ? observer.complete() : failWith(error, observer)),
    }),
  )
}

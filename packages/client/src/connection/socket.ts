import { createClient } from 'graphql-ws'
import { fromResponse, networkError, type ParleyError, type ResponseError, UNREACHABLE } from '../errors.ts'

/** Receives the results of one subscription. After `onEnd` nothing more comes. */
export type Sink<Data> = Readonly<{
  onData(data: Data): void
  /** The subscription is over: with an error of the server, or without one if the server completed it. */
  onEnd(error: ParleyError | undefined): void
}>

/** One acknowledged WebSocket connection. */
export type Socket = Readonly<{
  /** Starts an operation. The returned function ends it. */
  subscribe(document: string, variables: Readonly<Record<string, unknown>>, sink: Sink<never>): () => void
}>

export type SocketOptions = Readonly<{
  url: string
  WebSocket: typeof globalThis.WebSocket
  token: string
  onOpened(socket: Socket): void
  /** Called once, also if the connection never opened. */
  onClosed(code: number, reason: string): void
}>

/** How long opening may take, how often a ping is sent, and how long its pong may take, in milliseconds. */
const OPEN_WITHIN_MS = 10_000
const PING_EVERY_MS = 10_000
const PONG_WITHIN_MS = 5_000
/** Reported if there was no close frame. */
export const ABNORMAL = 1006

/**
 * Opens a connection; the returned function ends it without calling `onClosed`. graphql-ws sends pings but does not
 * notice a missing pong, and a connection that hangs while it opens stays so: both are ended here, after 15 s and 10 s.
 */
export function openSocket({ url, WebSocket, token, onOpened, onClosed }: SocketOptions): () => void {
  let isOver = false
  let timer: ReturnType<typeof setTimeout> | undefined

  function expect(withinMs: number): void {
    clearTimeout(timer)
    timer = setTimeout(() => {
      client.terminate()
      close(ABNORMAL)
    }, withinMs)
  }

  function close(code: number, reason = ''): void {
    clearTimeout(timer)
    if (isOver) return
    isOver = true
    onClosed(code, reason === '' ? UNREACHABLE : reason)
  }

  const client = createClient({
    url,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${token}` },
    lazy: false,
    // The connection machine decides when to try again.
    retryAttempts: 0,
    keepAlive: PING_EVERY_MS,
    onNonLazyError: () => undefined,
    on: {
      connected() {
        clearTimeout(timer)
        if (!isOver) onOpened(socket)
      },
      ping: (received) => received || expect(PONG_WITHIN_MS),
      pong: (received) => received && clearTimeout(timer),
      closed(event) {
        const { code = ABNORMAL, reason } = event as Partial<CloseEvent>
        close(code, reason)
      },
      error: () => undefined,
    },
  })
  expect(OPEN_WITHIN_MS)

  const socket: Socket = {
    subscribe: (query, variables, sink) =>
      client.subscribe(
        { query, variables },
        {
          next(result) {
            if (result.errors) sink.onEnd(fromResponse(result.errors as readonly ResponseError[]))
            else if (result.data) sink.onData(result.data as never)
          },
          error: (error) =>
            sink.onEnd(Array.isArray(error) ? fromResponse(error as ResponseError[]) : networkError(error)),
          complete: () => sink.onEnd(undefined),
        },
      ),
  }

  return () => {
    isOver = true
    clearTimeout(timer)
    void client.dispose()
  }
}

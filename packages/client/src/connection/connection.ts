import type { ConnectionState } from '../api.ts'
import { CLOSED, networkError, type ParleyError } from '../errors.ts'
import { RENEW } from '../graphql/documents.ts'
import { MAX_TIMER_MS } from '../lib/backoff.ts'
import { ValueStore } from '../lib/value-store.ts'
import { type Effect, INITIAL, type Input, type State, transition } from './machine.ts'
import { ABNORMAL, openSocket, type Socket } from './socket.ts'
import { readClaims, renewInMs, type TokenSource } from './token.ts'

/** The shell of the connection machine: performs its effects and feeds back what happens. */
export type Connection = Readonly<{
  state: ValueStore<State>
  start(): void
  stop(): void
  /** To be called when the inbox has caught up and the snapshot is applied. */
  noteCaughtUp(): void
  /** To be called when there is reason to believe that a connection is possible now. */
  noteNetworkUp(): void
}>

type Dependencies = Readonly<{
  url: string
  WebSocket: typeof globalThis.WebSocket
  tokens: TokenSource
  /** A connection is acknowledged. The returned function is called when it is gone. */
  onOpened(socket: Socket): () => void
}>

export function createConnection({ url, WebSocket, tokens, onOpened }: Dependencies): Connection {
  const state = new ValueStore<State>(INITIAL)
  let disconnect: (() => void) | undefined

  function dispatch(input: Input): void {
    const step = transition(state.getSnapshot(), input, tokens.canRenew)
    state.set(step.state)
    for (const effect of step.effects) perform(effect)
  }

  function perform(effect: Effect): void {
    switch (effect.type) {
      case 'connect':
        return void connect(effect.freshToken)
      case 'scheduleRetry': {
        const timer = setTimeout(() => dispatch({ type: 'retry' }), effect.ms)
        disconnect = () => clearTimeout(timer)
        return
      }
      case 'disconnect':
        disconnect?.()
        disconnect = undefined
        return
      default:
        return effect satisfies never
    }
  }

  /** Each attempt has its own set of things to undo, so that a late callback of an old one does nothing. */
  async function connect(freshToken: boolean): Promise<void> {
    const undo: (() => void)[] = []
    const end = (): void => {
      for (const dispose of undo.splice(0)) dispose()
    }
    disconnect = end
    let token: string
    try {
      // Without its backend an app may connect with the token that it has, unless the server has refused that one.
      token = await tokens.renew().catch((error: unknown) => {
        if (freshToken || !(error as ParleyError).isRetryable) throw error
        return tokens.current()
      })
    } catch (error) {
      if (disconnect === end) tokenFailed(networkError(error))
      return
    }
    if (disconnect !== end) return
    const close = openSocket({
      url,
      WebSocket,
      token,
      onOpened(socket) {
        dispatch({ type: 'opened' })
        undo.push(onOpened(socket), keepSession(socket, token))
      },
      onClosed,
    })
    undo.push(close)
  }

  function onClosed(code: number, reason: string): void {
    dispatch({ type: 'closed', code, reason, nowMs: Date.now(), random: Math.random() })
  }

  /** Without its backend an app has no token for now. That counts as a connection that could not be opened. */
  function tokenFailed({ isRetryable, message: reason }: ParleyError): void {
    if (isRetryable) onClosed(ABNORMAL, reason)
    else dispatch({ type: 'noToken', reason })
  }

  /** Renews the token on the live socket before it expires. If that fails, the server closes the connection. */
  function keepSession(socket: Socket, first: string): () => void {
    let isOver = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const schedule = (token: string): void => {
      const ms = tokens.canRenew ? renewInMs(readClaims(token), Date.now()) : undefined
      if (!isOver && ms !== undefined && ms <= MAX_TIMER_MS) timer = setTimeout(() => void renew(token), ms)
    }
    const renew = async (token: string): Promise<void> => {
      const fresh = await tokens.renew().catch(() => token)
      if (isOver || fresh === token) return
      socket.subscribe(
        RENEW,
        { input: { token: fresh } },
        { onData: () => schedule(fresh), onEnd: () => undefined },
      )
    }
    schedule(first)
    return () => {
      isOver = true
      clearTimeout(timer)
    }
  }

  return {
    state,
    start: () => dispatch({ type: 'start' }),
    stop: () => dispatch({ type: 'stop' }),
    noteCaughtUp: () => dispatch({ type: 'caughtUp' }),
    noteNetworkUp: () => dispatch({ type: 'networkUp' }),
  }
}

/** The state in the terms of the public API. */
export function toConnectionState(state: State): ConnectionState {
  switch (state.type) {
    case 'offline':
      return { type: 'offline', retryAt: new Date(state.retryAtMs), reason: state.reason }
    case 'stopped':
      return { type: 'signed-out', reason: CLOSED }
    case 'signed-out':
      return state
    default:
      return { type: state.type === 'idle' ? 'connecting' : state.type }
  }
}

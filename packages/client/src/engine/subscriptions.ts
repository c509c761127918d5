import { type Connection, createConnection } from '../connection/connection.ts'
import type { Sink, Socket } from '../connection/socket.ts'
import type { Engine } from './engine.ts'
import type { Variables } from './select.ts'

type Active = {
  readonly document: string
  readonly variables: Variables
  readonly sink: Sink<unknown>
  end?: () => void
}

type Dependencies = Pick<Engine, 'socket' | 'isFollowing' | 'url' | 'WebSocket' | 'tokens' | 'signal'>

/**
 * Subscriptions of the app. They share the connection of the inbox, and start again on each new connection. A tab that
 * follows another one has no such connection: it opens its own while it has subscriptions.
 */
export class Subscriptions {
  readonly #deps: Dependencies
  readonly #active = new Set<Active>()
  #socket: Socket | undefined
  #own: Connection | undefined
  /** Ends all subscriptions. */
  readonly dispose: () => void

  constructor(dependencies: Dependencies) {
    this.#deps = dependencies
    const { socket, isFollowing, signal } = dependencies
    const disposals = [
      socket.subscribe(() => this.#setSocket(socket.getSnapshot())),
      isFollowing.subscribe(() => this.#adjustOwn()),
    ]
    this.#setSocket(socket.getSnapshot())
    this.dispose = () => {
      for (const dispose of disposals) dispose()
      this.#active.clear()
      this.#adjustOwn()
    }
    signal.addEventListener('abort', this.dispose)
  }

  /** Starts a subscription. The returned function ends it without calling the sink. */
  subscribe(document: string, variables: Variables, sink: Sink<unknown>): () => void {
    const active: Active = { document, variables, sink }
    this.#active.add(active)
    this.#start(active)
    this.#adjustOwn()
    return () => {
      this.#active.delete(active)
      active.end?.()
      this.#adjustOwn()
    }
  }

  #setSocket(socket: Socket | undefined): void {
    this.#socket = socket
    for (const active of this.#active) this.#start(active)
  }

  #start(active: Active): void {
    const socket = this.#socket
    delete active.end
    if (socket === undefined) return
    active.end = socket.subscribe(active.document, active.variables, {
      onData: (data: unknown) => this.#active.has(active) && active.sink.onData(data),
      onEnd: (error) => {
        // The connection was lost. The subscription starts again on the next one.
        if (this.#socket !== socket || error?.code === 'NETWORK_ERROR') return
        if (!this.#active.delete(active)) return
        active.sink.onEnd(error)
        this.#adjustOwn()
      },
    })
  }

  #adjustOwn(): void {
    const isNeeded = this.#deps.isFollowing.getSnapshot() && this.#active.size > 0
    if (isNeeded === (this.#own !== undefined)) return
    if (isNeeded) {
      this.#own = createConnection({
        ...this.#deps,
        onOpened: (socket) => {
          this.#setSocket(socket)
          return () => this.#setSocket(undefined)
        },
      })
      this.#own.start()
    } else {
      this.#own?.stop()
      this.#own = undefined
    }
  }
}

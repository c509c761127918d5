import type { Connection } from '../connection/connection.ts'
import type { Sink, Socket } from '../connection/socket.ts'
import type { Variables } from './select.ts'

type Active = {
  readonly document: string
  readonly variables: Variables
  readonly sink: Sink<unknown>
  end?: () => void
}

type Dependencies = Readonly<{
  /** Creates a connection for a tab whose inbox another tab holds. */
  createConnection(onOpened: (socket: Socket) => () => void): Connection
}>

/**
 * Subscriptions of the app. They share the connection of the inbox, and start again on each new connection. A tab that
 * follows another one has no such connection: it opens its own while it has subscriptions.
 */
export class Subscriptions {
  readonly #deps: Dependencies
  readonly #active = new Set<Active>()
  #socket: Socket | undefined
  #isFollowing = false
  #own: Connection | undefined

  constructor(dependencies: Dependencies) {
    this.#deps = dependencies
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

  /** The connection of the inbox was opened, or closed. */
  setSocket(socket: Socket | undefined): void {
    this.#socket = socket
    for (const active of this.#active) this.#start(active)
  }

  /** Whether another tab holds the inbox. */
  setFollowing(isFollowing: boolean): void {
    this.#isFollowing = isFollowing
    this.#adjustOwn()
  }

  stop(): void {
    this.#active.clear()
    this.#adjustOwn()
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
    const isNeeded = this.#isFollowing && this.#active.size > 0
    if (isNeeded === (this.#own !== undefined)) return
    if (isNeeded) {
      this.#own = this.#deps.createConnection((socket) => {
        this.setSocket(socket)
        return () => this.setSocket(undefined)
      })
      this.#own.start()
    } else {
      this.#own?.stop()
      this.#own = undefined
    }
  }
}

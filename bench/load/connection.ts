import { once } from 'node:events'
import { WebSocket } from 'ws'

/** The result of an operation. */
export type Answer = Readonly<{
  data?: Readonly<Record<string, unknown>> | null
  errors?: readonly { extensions: { code: string } }[]
}>

/** A minimal client connection. A client library would cost more than the measured gateway. */
export class Connection {
  readonly #socket: WebSocket
  readonly #handlers = new Map<string, (answer: Answer) => void>()
  readonly closed: Promise<Readonly<{ reason: string }>>
  #operations = 0

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('error', () => undefined)
    this.closed = once(socket, 'close').then(([, reason]) => this.#end(String(reason)))
    socket.on('message', (data: Buffer) => this.#take(JSON.parse(data.toString()) as Message))
  }

  /** Connects. Rejects with the close reason if the gateway closes the connection. */
  static async open(url: string, token: string): Promise<Connection> {
    const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws')
    const connection = new Connection(socket)
    const gone = connection.closed.then(({ reason }) => Promise.reject(new Error(reason)))
    const acknowledged = new Promise<void>((resolve) => connection.#handlers.set('', () => resolve()))
    await Promise.race([once(socket, 'open'), gone])
    connection.#send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } })
    await Promise.race([acknowledged, gone])
    gone.catch(() => undefined)
    return connection
  }

  /** Runs an operation and calls `take` with each result. */
  start(query: string, variables: object, take: (answer: Answer) => void): void {
    if (this.#socket.readyState !== WebSocket.OPEN) {
      queueMicrotask(() => take(LOST))
      return
    }
    const id = `${(this.#operations += 1)}`
    this.#handlers.set(id, take)
    this.#send({ id, type: 'subscribe', payload: { query, variables } })
  }

  /** Runs an operation and returns its only result. */
  ask(query: string, variables: object): Promise<Answer> {
    return new Promise((resolve) => this.start(query, variables, resolve))
  }

  close(): void {
    this.#socket.close()
  }

  /** Ends all operations in flight with CONNECTION_LOST. */
  #end(reason: string): Readonly<{ reason: string }> {
    for (const take of this.#handlers.values()) take(LOST)
    this.#handlers.clear()
    return { reason }
  }

  #send(message: Message): void {
    this.#socket.send(JSON.stringify(message))
  }

  #take({ type, id = '', payload }: Message): void {
    if (type === 'ping') this.#send({ type: 'pong' })
    if (type === 'connection_ack') this.#handlers.get('')?.({})
    if (type === 'next') this.#handlers.get(id)?.(payload as Answer)
    if (type === 'error') this.#handlers.get(id)?.({ errors: payload } as Answer)
    if (type === 'complete' || type === 'error') this.#handlers.delete(id)
  }
}

const LOST: Answer = { errors: [{ extensions: { code: 'CONNECTION_LOST' } }] }

type Message = Readonly<{ type: string; id?: string; payload?: unknown }>

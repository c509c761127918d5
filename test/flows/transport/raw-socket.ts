import WebSocket from 'ws'
import { EventQueue } from '../../harness/fixtures/event-queue.ts'

/** A message of the graphql-transport-ws protocol. */
export type Message = Readonly<{ type: string; id?: string; payload?: unknown }>

/** A WebSocket without a client library. It sends any message, valid or not. */
export class RawSocket implements Disposable {
  readonly socket: WebSocket
  readonly messages = new EventQueue<Message>()
  readonly closed: Promise<Readonly<{ code: number; reason: string }>>

  constructor(url: string, options: WebSocket.ClientOptions & { protocols?: string[] } = {}) {
    const { protocols = ['graphql-transport-ws'], ...rest } = options
    this.socket = new WebSocket(url, protocols, rest)
    this.socket.on('message', (data: Buffer) => this.messages.push(JSON.parse(data.toString()) as Message))
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }))
    })
    this.socket.on('error', () => this.socket.terminate())
  }

  /** Resolves when the handshake is complete. */
  async open(): Promise<this> {
    if (this.socket.readyState === WebSocket.CONNECTING) {
      await new Promise((resolve, reject) => this.socket.once('open', resolve).once('error', reject))
    }
    return this
  }

  /** Resolves when the connection is acknowledged. */
  async init(payload?: unknown): Promise<this> {
    await this.open()
    this.send({ type: 'connection_init', payload })
    await this.messages.match(({ type }) => type === 'connection_ack')
    return this
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  }

  subscribe(id: string, query: string, rest: Readonly<Record<string, unknown>> = {}): void {
    this.send({ id, type: 'subscribe', payload: { query, ...rest } })
  }

  /** Runs an operation with a single result. */
  async run(id: string, query: string, rest: Readonly<Record<string, unknown>> = {}): Promise<Message> {
    this.subscribe(id, query, rest)
    return this.messages.match((message) => message.id === id)
  }

  [Symbol.dispose](): void {
    this.socket.terminate()
  }
}

/** Returns the HTTP response to a handshake: 101 if it was accepted. */
export async function handshakeStatus(url: string, headers: Record<string, string> = {}): Promise<Handshake> {
  const socket = new WebSocket(url, 'graphql-transport-ws', { headers })
  const outcome = await new Promise<Handshake>((resolve, reject) => {
    socket.once('upgrade', ({ headers: answered }) => resolve({ status: 101, headers: answered }))
    socket.once('unexpected-response', (_request, response) => {
      resolve({ status: response.statusCode ?? 0, headers: response.headers })
    })
    socket.once('error', reject)
  })
  socket.on('error', () => socket.terminate())
  socket.terminate()
  return outcome
}

type Handshake = Readonly<{
  status: number
  headers: Readonly<Record<string, string | string[] | undefined>>
}>

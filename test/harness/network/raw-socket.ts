import { once } from 'node:events'
import { WebSocket } from 'ws'
import { EventQueue } from '../fixtures/event-queue.ts'

/** A message of the graphql-transport-ws protocol. */
export type ProtocolMessage = Readonly<{ type: string; id?: string; payload?: unknown }>

/** A WebSocket without a client library, for messages that no library would send. */
export type RawSocket = Disposable &
  Readonly<{
    socket: WebSocket
    messages: EventQueue<ProtocolMessage>
    closed: Promise<{ code: number; reason: string }>
    send(message: ProtocolMessage | string): void
    subscribe(id: string, query: string, variables?: object): void
    /** Stops reading. Messages from the server fill the network's buffers, then those of the server. */
    pause(): void
    resume(): void
  }>

/** Connects. With a token, also waits until the connection is acknowledged. */
export async function openRawSocket(url: string, token?: string): Promise<RawSocket> {
  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws')
  const messages = new EventQueue<ProtocolMessage>()
  socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString('utf8')) as ProtocolMessage))
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }))
  })
  await once(socket, 'open')
  const send = (message: ProtocolMessage | string): void =>
    socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  if (token !== undefined) {
    send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } })
    await messages.match(({ type }) => type === 'connection_ack')
  }
  return {
    socket,
    messages,
    closed,
    send,
    subscribe: (id, query, variables = {}) => send({ type: 'subscribe', id, payload: { query, variables } }),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    [Symbol.dispose]: () => socket.terminate(),
  }
}

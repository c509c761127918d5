import type { Server, WebSocket as ProtocolSocket } from 'graphql-ws'
import { CLOSE_CODES } from './close-codes.ts'

/**
 * Wraps a graphql-ws server so that an id that a client uses again names a new operation. graphql-ws identifies
 * operations by the client's id alone. If a client completes an operation and uses its id again before the first one
 * has ended, the new one receives the result of the old one, and is forgotten when the old one ends. So each operation
 * gets an id of its own here, and messages of completed operations are dropped on their way out.
 */
export function withUniqueIds<Extra extends Readonly<{ operationIds: OperationIds }>>(
  server: Server<Extra>,
): Server<Extra> {
  return {
    opened: (socket, extra) => server.opened(translated(socket, extra.operationIds), extra),
  }
}

function translated(socket: ProtocolSocket, ids: OperationIds): ProtocolSocket {
  return {
    ...socket,
    send(text) {
      const translatedText = ids.toClient(text)
      return translatedText === undefined ? undefined : socket.send(translatedText)
    },
    onMessage(handle) {
      // Not async: its frame would be kept for as long as the operation runs.
      socket.onMessage((text) => {
        const message = parsed(text)
        if (isFromServer(message)) {
          return closeWith(socket, CLOSE_CODES.BAD_REQUEST.code, CLOSE_CODES.BAD_REQUEST.reason)
        }
        if (!isOperationMessage(message)) return handle(text)
        if (message.type === 'subscribe' && ids.isRunning(message.id)) {
          return closeWith(socket, CLOSE_CODES.SUBSCRIBER_EXISTS.code, existsReason(message.id))
        }
        const id = message.type === 'subscribe' ? ids.begin(message.id) : ids.end(message.id)
        return id === undefined ? HANDLED : handle(asText({ ...message, id, ...withDocument(message) }))
      })
    },
  }
}

async function closeWith(socket: ProtocolSocket, code: number, reason: string): Promise<void> {
  await socket.close(code, reason)
}

const HANDLED = Promise.resolve()

/** One operation: the client's id of it, and the id that replaces that one. */
type RunningId = Readonly<{ own: string; clientId: string }>

/**
 * The ids of the running operations of one connection. There are few, so that maps would only cost memory. The list is
 * replaced and not extended: an array that `push` has extended has room for 16 more.
 */
export class OperationIds {
  #running: RunningId[] = []
  #last = 0

  /** Returns the client's id of a running operation. */
  clientIdOf(own: string): string | undefined {
    return this.#running.find((id) => id.own === own)?.clientId
  }

  isRunning(clientId: string): boolean {
    return this.#running.some((id) => id.clientId === clientId)
  }

  begin(clientId: string): string {
    const own = `${(this.#last += 1)}`
    this.#running = [...this.#running, { own, clientId }]
    return own
  }

  /** Returns the own id of the operation, or undefined if it is not running. */
  end(clientId: string): string | undefined {
    const index = this.#running.findIndex((id) => id.clientId === clientId)
    return index === -1 ? undefined : this.#running.splice(index, 1)[0]?.own
  }

  /** Puts the client's id into a message. Returns undefined if the operation has been completed. */
  toClient(text: string): string | undefined {
    if (!text.startsWith(ID_PREFIX)) return text
    const idEnd = text.indexOf('"', ID_PREFIX.length)
    const clientId = this.clientIdOf(text.slice(ID_PREFIX.length, idEnd))
    if (clientId === undefined) return undefined
    const rest = text.slice(idEnd + 1)
    if (!rest.startsWith(',"type":"next"')) this.end(clientId)
    return `{"id":${JSON.stringify(clientId)}${rest}`
  }
}

/** graphql-ws writes the id first. Own ids are digits, so nothing in them is escaped. */
const ID_PREFIX = '{"id":"'

type OperationMessage = Readonly<{ id: string; type: 'subscribe' | 'complete'; payload?: unknown }>

const SERVER_TYPES: ReadonlySet<unknown> = new Set(['connection_ack', 'next', 'error'])

/** Whether only a server sends such messages. graphql-ws reports them as an error of its own. */
function isFromServer(message: unknown): boolean {
  return isObject(message) && SERVER_TYPES.has((message as Readonly<{ type?: unknown }>).type)
}

/** Other messages, and invalid ones, go to graphql-ws as they are. */
function isOperationMessage(message: unknown): message is OperationMessage {
  if (!isObject(message)) return false
  const { type, id, payload } = message as Partial<Record<keyof OperationMessage, unknown>>
  if (typeof id !== 'string' || id === '') return false
  return type === 'complete' || (type === 'subscribe' && isObject(payload))
}

/**
 * graphql-ws closes the connection if a document is missing, which ends all other operations. With an empty document,
 * only this operation fails, unless its extensions name a persisted one.
 */
function withDocument({ payload }: OperationMessage): Readonly<{ payload?: object }> {
  if (!isObject(payload)) return {}
  const { query } = payload as Readonly<{ query?: unknown }>
  // The payload itself is passed on and not a copy of it: most messages have a document.
  return typeof query === 'string' ? {} : { payload: { ...payload, query: '' } }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** graphql-ws validates a parsed message just as it does a text. Its types do not say so. */
function asText(message: object): string {
  return message as unknown as string
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** As graphql-ws writes it. A close frame has room for 123 bytes. */
function existsReason(clientId: string): string {
  const shown = Buffer.byteLength(clientId) <= 90 ? clientId : `${clientId.slice(0, 30)}…`
  return CLOSE_CODES.SUBSCRIBER_EXISTS.reason.replace('<id>', () => shown)
}

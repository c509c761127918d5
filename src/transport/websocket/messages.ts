import type { ExecutionResult, GraphQLError } from 'graphql'
import {
  type CompleteMessage,
  type ConnectionInitMessage,
  MessageType,
  type PingMessage,
  type PongMessage,
  type SubscribeMessage,
  type SubscribePayload,
  validateMessage,
} from 'graphql-ws'
import type { ResultTexts } from '../../api/list-texts/result-texts.ts'
import type { DocumentRequest } from '../pipeline/persisted-queries.ts'
import { resultText } from '../pipeline/result-text.ts'

/** An operation as a client sends it. Its document and its extensions are not checked yet. */
export type OperationRequest = SubscribePayload & DocumentRequest

/** A message of the graphql-transport-ws protocol that a client may send. */
export type ClientMessage =
  ConnectionInitMessage | PingMessage | PongMessage | SubscribeMessage | CompleteMessage

export const CONNECTION_ACK = '{"type":"connection_ack"}'
/** The payload of a ping is not sent back: a client that never reads could make payloads pile up here. */
export const PONG = '{"type":"pong"}'

/**
 * Reads a message. Returns undefined if it breaks the protocol. Only the envelope is checked: an operation without a
 * valid document fails alone.
 */
export function readMessage(text: string): ClientMessage | undefined {
  try {
    const message = validateMessage(withQuery(JSON.parse(text)))
    return isOfClient(message) ? message : undefined
  } catch {
    return undefined
  }
}

/** The library rejects operations without a text. A client may send a hash instead. */
function withQuery(message: unknown): unknown {
  const { type, payload } = (message ?? {}) as { type?: unknown; payload?: { query?: unknown } | null }
  const isOperation = type === MessageType.Subscribe && typeof payload === 'object' && payload !== null
  if (isOperation && typeof payload.query !== 'string') payload.query = ''
  return message
}

function isOfClient(message: ReturnType<typeof validateMessage>): message is ClientMessage {
  const { type } = message
  return type !== MessageType.ConnectionAck && type !== MessageType.Next && type !== MessageType.Error
}

/** A result of an operation, with the texts of its lists if it has any. Its errors have to be for the client. */
export function nextMessage(id: string, result: ExecutionResult, texts?: ResultTexts): string {
  return `${nextMessageHead(id)}${texts?.stringify(result) ?? resultText(result)}}`
}

/** A `next` message up to its payload. */
export function nextMessageHead(id: string): string {
  return `{"id":${JSON.stringify(id)},"type":"next","payload":`
}

/** The operation has failed. The errors have to be for the client. */
export function errorMessage(id: string, errors: readonly GraphQLError[]): string {
  return `{"id":${JSON.stringify(id)},"type":"error","payload":${JSON.stringify(errors)}}`
}

export function completeMessage(id: string): string {
  return `{"id":${JSON.stringify(id)},"type":"complete"}`
}

import type { ExecutionResult, GraphQLError } from 'graphql'
import { textsIn } from '../../api/list-texts/result-texts.ts'
import type { DocumentRequest } from '../pipeline/persisted-queries.ts'
import { resultText } from '../pipeline/result-text.ts'

/** An operation as a client sends it. Its document and its extensions are not checked yet. */
export type OperationRequest = DocumentRequest &
  Readonly<{
    operationName?: string | null
    variables?: Readonly<Record<string, unknown>> | null
    extensions?: Readonly<Record<string, unknown>> | null
  }>

/** A message of the graphql-transport-ws protocol that a client may send. */
export type ClientMessage =
  | Readonly<{ type: 'connection_init'; payload?: object | null }>
  | Readonly<{ type: 'ping' | 'pong' }>
  | Readonly<{ type: 'subscribe'; id: string; payload: OperationRequest }>
  | Readonly<{ type: 'complete'; id: string }>

export const CONNECTION_ACK = '{"type":"connection_ack"}'
/** The payload of a ping is not sent back: a client that never reads could make payloads pile up here. */
export const PONG = '{"type":"pong"}'

/**
 * Reads a message. Returns undefined if it breaks the protocol. Only the envelope is checked: an operation without a
 * valid document fails alone.
 */
export function readMessage(text: string): ClientMessage | undefined {
  const message = parsed(text)
  return isObject(message) && isClientMessage(message) ? message : undefined
}

function isClientMessage(
  message: Readonly<Partial<Record<string, unknown>>>,
): message is ClientMessage & typeof message {
  const { type, id, payload } = message
  switch (type) {
    case 'connection_init':
    case 'ping':
    case 'pong':
      return isAbsent(payload) || isObject(payload)
    case 'subscribe':
      return isId(id) && isObject(payload) && isOperationRequest(payload)
    case 'complete':
      return isId(id)
    default:
      return false
  }
}

function isOperationRequest({
  operationName,
  variables,
  extensions,
}: Readonly<Partial<Record<string, unknown>>>): boolean {
  return (
    (isAbsent(operationName) || typeof operationName === 'string') &&
    (isAbsent(variables) || isObject(variables)) &&
    (isAbsent(extensions) || isObject(extensions))
  )
}

function isId(id: unknown): id is string {
  return typeof id === 'string' && id !== ''
}

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null
}

function isObject(value: unknown): value is Readonly<Partial<Record<string, unknown>>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A result of an operation, whose lists may be texts. Its errors have to be for the client. */
export function nextMessage(id: string, result: ExecutionResult): string {
  return `${nextMessageHead(id)}${textsIn(result)?.stringify(result) ?? resultText(result)}}`
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

import { MessageType } from 'graphql-ws'
import { clientError, toClientError } from '../../api/masking.ts'
import { ParleyError } from '../../errors.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { CLOSE_CODES } from './close-codes.ts'
import { type ConnectionAdmission, ConnectionRejectedError } from './connection-admission.ts'
import { connectionToken } from './connection-token.ts'
import type { SocketConnection, SocketProtocol } from './connection.ts'
import type { SocketLimits } from './limits.ts'
import { CONNECTION_ACK, errorMessage, type OperationRequest, PONG, readMessage } from './messages.ts'
import type { OperationRunner } from './operation-runner.ts'

type Dependencies = Readonly<{
  operations: OperationRunner
  admission: ConnectionAdmission
  limits: Pick<SocketLimits, 'maxOperations'>
  logger: Logger
}>

/**
 * The graphql-transport-ws protocol, over the same engine that serves HTTP. An invalid operation gets an error of its
 * own. If the connection were closed for it, clients would give up all operations on that connection.
 *
 * The messages and their rules come from the graphql-ws library, but not the server. For each subscription the server
 * keeps an iterator, several promises and a dozen closures, and it awaits each step of each message.
 */
export function createSocketProtocol(dependencies: Dependencies): SocketProtocol {
  const { operations, admission, limits, logger } = dependencies

  /** Not async: the text would be kept for as long as its operation runs. */
  function receive(connection: SocketConnection, text: string): Promise<void> | void {
    const message = readMessage(text)
    switch (message?.type) {
      case MessageType.ConnectionInit:
        return signIn(connection, message.payload)
      case MessageType.Ping:
        return connection.send(PONG)
      case MessageType.Pong:
        return undefined
      case MessageType.Subscribe:
        return begin(connection, message.id, message.payload)
      case MessageType.Complete:
        return connection.operations.complete(message.id)
      case undefined:
        return connection.closeWith(CLOSE_CODES.BAD_REQUEST)
      default:
        return message satisfies never
    }
  }

  async function signIn(connection: SocketConnection, payload: unknown): Promise<void> {
    if (!connection.beginSignIn()) return connection.closeWith(CLOSE_CODES.TOO_MANY_INITS)
    const found = connectionToken({ payload, header: connection.authorization })
    if (found.type === 'misplaced') return connection.closeWith(CLOSE_CODES.TOKEN_MISPLACED)
    try {
      if (found.type === 'token') await admission.admit(() => connection.sessions.open(found.token))
    } catch (error) {
      return reject(connection, error)
    }
    connection.acknowledge()
    return connection.send(CONNECTION_ACK)
  }

  /** Clients reconnect after all of these codes. */
  function reject(connection: SocketConnection, error: unknown): void {
    const { FORBIDDEN, SIGN_IN_UNAVAILABLE, OVERLOADED, TOO_MANY_CONNECTIONS } = CLOSE_CODES
    if (error instanceof ConnectionRejectedError) {
      return connection.close(OVERLOADED.code, OVERLOADED.reason.replace('<n>', `${error.retryAfterMs}`))
    }
    const { code, retryAfterMs } = toClientError(error, logger).extensions
    if (code === 'RATE_LIMITED') {
      const reason = TOO_MANY_CONNECTIONS.reason.replace('<n>', String(retryAfterMs))
      return connection.close(TOO_MANY_CONNECTIONS.code, reason)
    }
    return connection.closeWith(code === 'UNAUTHENTICATED' ? FORBIDDEN : SIGN_IN_UNAVAILABLE)
  }

  function begin(connection: SocketConnection, id: string, request: OperationRequest): Promise<void> | void {
    const running = connection.operations
    if (!connection.isAcknowledged) return connection.closeWith(CLOSE_CODES.UNAUTHORIZED)
    if (running.has(id)) return connection.close(CLOSE_CODES.SUBSCRIBER_EXISTS.code, existsReason(id))
    if (running.count >= limits.maxOperations)
      return connection.send(errorMessage(id, [clientError(tooManyOperations(limits.maxOperations))]))
    return operations.run(connection, running.begin(id), request)
  }

  return { receive }
}

/** A close frame has room for 123 bytes. */
function existsReason(id: string): string {
  const shown = Buffer.byteLength(id) <= 90 ? id : `${id.slice(0, 30)}…`
  return CLOSE_CODES.SUBSCRIBER_EXISTS.reason.replace('<id>', () => shown)
}

/** By then one of a hundred operations has usually finished, unless all of them are subscriptions. */
const FULL_RETRY_AFTER_MS = 1_000

function tooManyOperations(max: number): ParleyError {
  return new ParleyError(
    'RATE_LIMITED',
    `This connection runs ${max} operations, the most allowed. Complete one of them first.`,
    { retryAfterMs: FULL_RETRY_AFTER_MS },
  )
}

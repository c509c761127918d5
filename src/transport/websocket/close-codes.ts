import { CloseCode as ProtocolCode } from 'graphql-ws'

/** Why a WebSocket connection was closed. */
export type CloseCode = Readonly<{
  code: number
  /** Sent with the code. */
  reason: string
  /** Whether clients that use the graphql-ws library reconnect and subscribe again by themselves. */
  clientReconnects: boolean
  /** The cause, and what a client should do. */
  meaning: string
}>

/**
 * Every code that Parley closes a connection with, as PROTOCOL.md lists them. 1xxx are codes of WebSocket itself (RFC
 * 6455). 4400 to 4499 and 4500 are codes of the graphql-transport-ws protocol. Parley's own codes are chosen so that
 * clients of that protocol reconnect. Reasons are part of the wire protocol.
 */
export const CLOSE_CODES = {
  GOING_AWAY: {
    code: 1001,
    reason: 'Going away',
    clientReconnects: true,
    meaning: 'The gateway stopped without a planned restart. Connect again.',
  },
  INVALID_TEXT: {
    code: 1007,
    reason: '',
    clientReconnects: false,
    meaning: 'A text frame was not valid UTF-8.',
  },
  TOO_BIG: {
    code: 1009,
    reason: '',
    clientReconnects: false,
    meaning: 'A message was larger than `serverInfo.limits.maxMessageFrameBytes`.',
  },
  RESTART: {
    code: 1012,
    reason: 'Service restart',
    clientReconnects: true,
    meaning: 'The gateway is restarting. Connect again, to any gateway.',
  },
  BAD_REQUEST: {
    code: ProtocolCode.BadRequest,
    reason: 'Invalid message received',
    clientReconnects: false,
    meaning:
      'A message broke the protocol: not JSON, an unknown type or one of a server, no id or payload, or a binary frame.',
  },
  TOKEN_MISPLACED: {
    code: ProtocolCode.BadRequest,
    reason: 'The token is in an unknown field; send it as "authorization"',
    clientReconnects: false,
    meaning: 'connectionParams has a token in a field that is not read. See "Signing in".',
  },
  UNAUTHORIZED: {
    code: ProtocolCode.Unauthorized,
    reason: 'Unauthorized',
    clientReconnects: false,
    meaning: 'An operation came before the connection was acknowledged.',
  },
  FORBIDDEN: {
    code: ProtocolCode.Forbidden,
    reason: 'Forbidden',
    clientReconnects: true,
    meaning: 'The token in connectionParams is not valid. Connect again with another one.',
  },
  TOKEN_EXPIRED: {
    code: ProtocolCode.Forbidden,
    reason: 'Token expired',
    clientReconnects: true,
    meaning:
      'A token in use on this connection has expired. Connect again with a new one, or renew it in time.',
  },
  TOKEN_REVOKED: {
    code: ProtocolCode.Forbidden,
    reason: 'Token revoked',
    clientReconnects: true,
    meaning: 'A token in use on this connection was revoked. Sign in again, and connect with a new one.',
  },
  SUBPROTOCOL_NOT_ACCEPTABLE: {
    code: ProtocolCode.SubprotocolNotAcceptable,
    reason: 'Subprotocol not acceptable',
    clientReconnects: false,
    meaning: 'The client did not offer the subprotocol graphql-transport-ws.',
  },
  INIT_TIMEOUT: {
    code: ProtocolCode.ConnectionInitialisationTimeout,
    reason: 'Connection initialisation timeout',
    clientReconnects: true,
    meaning: 'The client sent no connection_init within 3 seconds.',
  },
  SIGN_IN_TIMEOUT: {
    code: ProtocolCode.ConnectionInitialisationTimeout,
    reason: 'Sign-in timeout',
    clientReconnects: true,
    meaning: 'No valid token came within 15 seconds, neither for the connection nor for an operation.',
  },
  SUBSCRIBER_EXISTS: {
    code: ProtocolCode.SubscriberAlreadyExists,
    reason: 'Subscriber for <id> already exists',
    clientReconnects: false,
    meaning: 'An operation with this id is running on this connection. Use a new id.',
  },
  SLOW_CONSUMER: {
    code: 4410,
    reason: 'Too slow; reconnect to catch up',
    clientReconnects: true,
    meaning:
      'The client reads too slowly, or it has missed events. Connect again: the inbox replays what is pending.',
  },
  TOO_MANY_INITS: {
    code: ProtocolCode.TooManyInitialisationRequests,
    reason: 'Too many initialisation requests',
    clientReconnects: false,
    meaning: 'The client sent a second connection_init.',
  },
  INTERNAL: {
    code: ProtocolCode.InternalServerError,
    reason: 'Internal server error',
    clientReconnects: false,
    meaning: 'The gateway has a fault, which is in its log.',
  },
  SIGN_IN_UNAVAILABLE: {
    code: 4503,
    reason: 'Overloaded; come back later',
    clientReconnects: true,
    meaning: 'The gateway cannot check the token now. Connect again later.',
  },
  DISPLACED: {
    code: 4503,
    reason: 'Too many connections without a token',
    clientReconnects: true,
    meaning: 'Newer connections needed the place of this one, which had not signed in. Connect again later.',
  },
  TOO_MANY_CONNECTIONS: {
    code: 4503,
    reason: 'Too many connections; come back in <n> ms',
    clientReconnects: true,
    meaning:
      'The user has as many connections to this gateway as allowed. Close others, and connect again later.',
  },
  OVERLOADED: {
    code: 4503,
    reason: 'Overloaded; come back in <n> ms',
    clientReconnects: true,
    meaning:
      'The gateway is overloaded, or too many clients connect at once. Connect again after the given time, to any gateway.',
  },
} as const satisfies Record<string, CloseCode>

/** Why a WebSocket connection was closed. */
export type CloseCode = Readonly<{
  code: number
  /** Sent with the code. */
  reason: string
  /** Whether clients made with the graphql-ws library come back and subscribe again by themselves. */
  clientReconnects: boolean
  /** For the reader of PROTOCOL.md. */
  meaning: string
}>

/**
 * Every code that Parley closes a connection with. 1xxx is WebSocket's own (RFC 6455), 4400 to 4499 and 4500 are the
 * graphql-transport-ws protocol's, and ours are those that its clients take for temporary.
 */
export const CLOSE_CODES = {
  GOING_AWAY: {
    code: 1001,
    reason: 'Going away',
    clientReconnects: true,
    meaning: 'The gateway went away without a planned restart.',
  },
  INVALID_TEXT: {
    code: 1007,
    reason: '',
    clientReconnects: false,
    meaning: 'A text frame was not UTF-8.',
  },
  TOO_BIG: {
    code: 1009,
    reason: '',
    clientReconnects: false,
    meaning: 'A message was larger than 64 KiB.',
  },
  RESTART: {
    code: 1012,
    reason: 'Service restart',
    clientReconnects: true,
    meaning: 'The gateway is restarting. Connect again; any gateway will do.',
  },
  BAD_REQUEST: {
    code: 4400,
    reason: 'Invalid message received',
    clientReconnects: false,
    meaning:
      'A message does not follow the protocol: not JSON, an unknown type, a missing field, a binary frame.',
  },
  UNAUTHORIZED: {
    code: 4401,
    reason: 'Unauthorized',
    clientReconnects: false,
    meaning: 'An operation came before the connection was acknowledged.',
  },
  FORBIDDEN: {
    code: 4403,
    reason: 'Forbidden',
    clientReconnects: true,
    meaning: 'The token in connectionParams is not valid. Connect again with another.',
  },
  TOKEN_EXPIRED: {
    code: 4403,
    reason: 'Token expired',
    clientReconnects: true,
    meaning:
      'A token in use on this connection ran out. Connect again with a fresh one, or renew it in time.',
  },
  SUBPROTOCOL_NOT_ACCEPTABLE: {
    code: 4406,
    reason: 'Subprotocol not acceptable',
    clientReconnects: false,
    meaning: 'The client did not offer the subprotocol graphql-transport-ws.',
  },
  INIT_TIMEOUT: {
    code: 4408,
    reason: 'Connection initialisation timeout',
    clientReconnects: true,
    meaning: 'No connection_init within 3 seconds.',
  },
  SUBSCRIBER_EXISTS: {
    code: 4409,
    reason: 'Subscriber for <id> already exists',
    clientReconnects: false,
    meaning: 'An operation with this id is under way on this connection.',
  },
  SLOW_CONSUMER: {
    code: 4410,
    reason: 'Too slow; reconnect to catch up',
    clientReconnects: true,
    meaning:
      'More was waiting for this client than the gateway holds, or it has to catch up. Nothing is lost: a device is owed the rest.',
  },
  TOO_MANY_INITS: {
    code: 4429,
    reason: 'Too many initialisation requests',
    clientReconnects: false,
    meaning: 'A second connection_init.',
  },
  INTERNAL: {
    code: 4500,
    reason: 'Internal server error',
    clientReconnects: false,
    meaning: 'A mistake in the gateway; it is in its log.',
  },
  OVERLOADED: {
    code: 4503,
    reason: 'Overloaded; come back later',
    clientReconnects: true,
    meaning: 'What the gateway needs to check the token is away.',
  },
  CROWDED: {
    code: 4503,
    reason: 'Overloaded; come back in <n> ms',
    clientReconnects: true,
    meaning: 'Too many connect at the same time. Connect again after so many milliseconds, to any gateway.',
  },
} as const satisfies Record<string, CloseCode>

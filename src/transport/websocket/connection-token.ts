import { bearer } from '../../auth/tokens.ts'

/** The places of a token for a connection. */
export type TokenPlaces = Readonly<{
  /** The payload of connection_init. */
  payload: unknown
  /** The `Authorization` header of the handshake. */
  header: string | undefined
}>

/** A token, none, or something that looks like a token in a field that is not read. */
export type ConnectionToken = Readonly<{ type: 'token'; token: string } | { type: 'none' | 'misplaced' }>

/**
 * Finds the token of a connection. Client libraries put it into different places. The first of these that is not empty
 * is used, with names in any case:
 *
 *     1. payload.authorization          graphql-ws, urql, Parley
 *     2. payload.headers.authorization  Hasura, GraphiQL
 *     3. payload.authToken              Apollo
 *     4. the header of the handshake    clients that are no browsers
 *
 * A token in any other field of the payload is a mistake of the client. Without this, the connection would be
 * acknowledged, and each operation would then answer UNAUTHENTICATED. Cookies are not read: a page of another origin
 * could open a connection with them.
 */
export function connectionToken({ payload, header }: TokenPlaces): ConnectionToken {
  const token =
    bearer(fieldOf(payload, 'authorization')) ??
    bearer(fieldOf(fieldOf(payload, 'headers'), 'authorization')) ??
    bearer(fieldOf(payload, 'authToken')) ??
    bearerHeader(header)
  if (token !== undefined) return { type: 'token', token }
  return { type: hasToken(payload) ? 'misplaced' : 'none' }
}

/** Returns the token in a JSON object of headers. The case of their names does not matter. */
export function authorizationIn(headers: unknown): string | undefined {
  return bearer(fieldOf(headers, 'authorization'))
}

function fieldOf(object: unknown, name: string): unknown {
  if (typeof object !== 'object' || object === null) return undefined
  return Object.entries(object).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1]
}

/** Browsers send the password of a proxy or a site in this header too, in the scheme Basic. */
function bearerHeader(header: string | undefined): string | undefined {
  return header !== undefined && /^bearer /i.test(header.trim()) ? bearer(header) : undefined
}

/** Returns whether a text in the payload, or in an object in it, has the form of a JWT. */
function hasToken(payload: unknown): boolean {
  return textsIn(payload, 2).some((text) => /^(bearer +)?eyJ[\w-]*\.[\w-]+\.[\w-]*$/i.test(text.trim()))
}

function textsIn(value: unknown, depth: number): readonly string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null || depth === 0) return []
  return Object.values(value).flatMap((item) => textsIn(item, depth - 1))
}

import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import type { Config } from '../../config/config.ts'

/** Whether a request with its Host header is served, and if not, why. */
export type HostCheck = (request: HostHeader) => 'served' | 'invalid' | 'foreign'

/** Node.js keeps the first of several Host headers only. `headersDistinct` has all of them. */
export type HostHeader = Readonly<{ headersDistinct: IncomingMessage['headersDistinct'] }>

/**
 * A Host header must be a name or address with an optional port: libraries build the URL of the request from it, and
 * throw if that fails. A second one makes the request invalid (RFC 9112, section 3.2): a proxy may have decided by the
 * other. HTTP/1.0 has no such header; Node rejects later requests without one.
 *
 * In development the name must also be one that no stranger can own. Any site could let its name lead to this machine
 * (DNS rebinding). Its pages would then be of the same origin as this server, and could read the tokens of the demo.
 * Addresses, single words, and names below localhost and internal lead to no other site. In production there are no
 * such tokens, and a load balancer may use any name.
 */
export function createHostCheck({ mode, http }: Pick<Config, 'mode' | 'http'>): HostCheck {
  const known = new Set([http.host, ...http.allowedOrigins.map((origin) => URL.parse(origin)?.hostname)])
  return ({ headersDistinct: { host: hosts = [] } }) => {
    const [host, ...others] = hosts
    if (host === undefined) return 'served'
    if (others.length > 0) return 'invalid'
    const name = nameIn(host)
    if (name === undefined) return 'invalid'
    return mode === 'production' || isOwn(name) || known.has(name) ? 'served' : 'foreign'
  }
}

/** Undefined if the header is invalid. */
function nameIn(host: string): string | undefined {
  return /^[^\s/?#@\\]+$/.test(host) ? URL.parse(`http://${host}/`)?.hostname : undefined
}

function isOwn(name: string): boolean {
  return (
    isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0 ||
    !name.includes('.') ||
    /\.(localhost|internal)$/.test(name)
  )
}

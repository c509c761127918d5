import type { IncomingMessage } from 'node:http'
import type { Config } from '../../config/config.ts'
import { createTrustedProxies } from './client-address.ts'

/** Returns the address of this server as the client of a request sees it, without a path. */
export type BaseUrl = (request: Pick<IncomingMessage, 'socket' | 'headers'>) => string

/**
 * The operator says the address, or each request names it. Only a trusted proxy may say that the client uses HTTPS:
 * this server itself speaks HTTP.
 */
export function createBaseUrl({
  publicUrl,
  trustedProxies,
}: Pick<Config['http'], 'publicUrl' | 'trustedProxies'>): BaseUrl {
  const isTrusted = createTrustedProxies(trustedProxies)
  /** Connections keep it. Most of them have the same. */
  let last = ''
  return ({ socket, headers }) => {
    if (publicUrl !== undefined) return publicUrl
    const isForwarded = isTrusted(socket.remoteAddress ?? '')
    const isSecure = isForwarded && String(headers['x-forwarded-proto']).split(',').at(-1)?.trim() === 'https'
    const url = `${isSecure ? 'https' : 'http'}://${headers.host ?? 'localhost'}`
    if (url !== last) last = url
    return last
  }
}
